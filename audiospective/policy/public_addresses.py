"""Which addresses somebody who is not the operator may let this machine speak with."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from audiospective.policy import service_urls
from audiospective.policy.service_urls import UrlError

UNREADABLE = "This address cannot be read."
_INSIDE = (".localhost", ".local", ".internal")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123; small letters by urlsplit
_LONGEST = 253  # characters of a name
# Global as the standard library knows the registries, and no host that strangers may choose.
_NOT_HOSTS = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # Azure's own host, as each of its machines sees it
            "192.0.0.0/24",  # RFC 6890: for protocols; Oracle's metadata were at 192.0.0.192
            "3fff::/20",  # RFC 9637: for documentation
        ),
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: these 32 bits, and then an IPv4 address


def is_public(address: str) -> bool:
    """Whether it is a host of the public Internet, also by the IPv4 address inside of an IPv6 one.

    By IANA's registries of special addresses, as the standard library has them.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            found = inner
        elif found.teredo or found.is_site_local:
            return False
        elif (int(found) >> 32) & 0xFFFFFFFF in _ISATAP:
            last = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
            if not is_public(str(last)):
                return False
    if any(found in network for network in _NOT_HOSTS):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def first(addresses: Sequence[str]) -> str | None:
    """The address to connect to; None unless every one that a name leads to is public."""
    if not addresses or not all(is_public(one) for one in addresses):
        return None
    return addresses[0]


def endpoint_fault(url: str) -> str | None:
    """What is wrong with a service that a member names, as far as its address says it."""
    try:
        parts = service_urls.server(url)
    except UrlError:
        return UNREADABLE
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme != "https":
        return "The address has to begin with https://."
    if parts.username is not None or parts.path not in ("", "/") or parts.query:
        return "The address has to be a host alone, like https://s3.example.com."
    if ":" not in host and not _is_name(host):
        return UNREADABLE
    if ("." not in host and ":" not in host) or host.endswith(_INSIDE):
        return "The address has to be one of the public Internet."
    if host.replace(".", "").isdigit() or ":" in host:
        return None if is_public(host) else "The address has to be one of the public Internet."
    return None


def _is_name(host: str) -> bool:
    """Whether it is written as names of hosts are; the library for S3 takes no others."""
    return len(host) <= _LONGEST and all(map(_LABEL.fullmatch, host.split(".")))
