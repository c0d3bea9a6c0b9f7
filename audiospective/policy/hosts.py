"""Names of hosts: one ASCII form, by today's rules of international domain names (UTS 46)."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import idna

LONGEST = 253  # characters of a whole name, RFC 1035 (2.3.4) without the length octets


def ascii_host(host: str) -> str | None:
    """The form in which a host is looked up in the DNS; None if it is not a name.

    Non-transitional, as browsers and registries have it: `straße.de` is not `strasse.de`, a final
    sigma is a letter of its own and a joiner counts. The IDNA of 2003, which Python's own codec
    speaks, makes each of them somebody else's name.
    """
    if not host or len(host) > LONGEST:
        return None
    if host.isascii() and "xn--" not in host.lower():
        return host.lower()  # labels such as r3---sn are in use, though IDNA forbids them
    try:
        return idna.encode(host, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return None


def with_ascii_host(url: str) -> str | None:
    """`url` with its host in ASCII; None if the host is not a name."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    found = ascii_host(host)
    if found is None:
        return None
    if host.isascii():
        return url
    before, at, place = parts.netloc.rpartition("@")
    _, colon, port = place.partition(":")
    return parts._replace(netloc=f"{before}{at}{found}{colon}{port}").geturl()


def is_loopback(host: str) -> bool:
    """Whether `host` is a loopback address literal."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
