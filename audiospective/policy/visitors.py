"""Whom a request comes from, as limits count: a network address, or what a customer has of them."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
CUSTOMER = 64  # bits of an IPv6 network that one person has all of


def address(text: str) -> Address | None:
    """A network address, None for what is none; IPv4 in the clothes of IPv6 is IPv4."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return found if found.version == 4 else found.ipv4_mapped or found


def network(found: Address, bits: int) -> str:
    """The network of so many bits that an address lies in."""
    return str(ipaddress.ip_network((found, bits), strict=False))


def visitor(text: str) -> str:
    """Who has an address: whole /64 networks count as one."""
    found = address(text)
    if found is None:
        return text[:64]
    return network(found, CUSTOMER) if found.version == 6 else str(found)


def is_near(text: str) -> bool:
    """Whether an address is no public one: this machine's, or one of its own network."""
    found = address(text)
    return found is None or not found.is_global


def forwarded(peer: str, told: str, proxies: int) -> str:
    """The address behind so many proxies of our own; `told` are their X-Forwarded-For, with commas.

    Each appends what it saw, so what lies before that is whatever the visitor liked to send.
    """
    values = [value.strip() for value in told.split(",")]
    return values[-proxies] if 0 < proxies <= len(values) and values[-proxies] else peer
