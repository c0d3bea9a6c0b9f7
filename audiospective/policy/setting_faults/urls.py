"""Of BASE_URL and the addresses of services."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from audiospective.policy import hosts, service_urls
from audiospective.policy.service_urls import UrlError


def base_fault(value: str) -> str | None:
    """Of BASE_URL."""
    # Spotify's redirect rules (enforced since 27 November 2025): https, or a loopback IP literal.
    try:
        parts = service_urls.split(value)
    except UrlError as error:
        return str(error)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return f"must be an address like https://archive.example, not {value!r}."
    if host == "localhost" or host.endswith(".localhost"):
        return "must not use localhost, Spotify refuses it as a redirect: write 127.0.0.1 instead."
    if hosts.with_ascii_host(value) is None:
        return f"must name a host by its letters, digits and hyphens, not {host!r}."
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return f"must have no path, only scheme and host, not {value!r}."
    if parts.scheme == "http" and not hosts.is_loopback(host):
        return "must use https (plain http is accepted by Spotify for 127.0.0.1 and [::1] only)."
    return None


def stand_in_fault(
    addresses: Mapping[str, str], base_url: str, *, kept: Collection[str], own_app: bool
) -> str | None:
    """Of service addresses that lead to a stand-in on this machine where they must not.

    `addresses` by setting; `kept` are the settings that an earlier run of `up` left on this
    machine, and `own_app` says that the operator has named a Spotify app since: its secret and
    the links in e-mails would go to whatever listens on that port now.
    """
    readable = {name: url for name, url in addresses.items() if service_fault(url) is None}
    stand_ins = [
        name for name, url in readable.items() if hosts.is_loopback(urlsplit(url).hostname or "")
    ]
    if stand_ins and base_url.startswith("https:"):
        return (
            f"{' and '.join(stand_ins)} must not lead to a stand-in on this machine while BASE_URL "
            "is a public https address."
        )
    left = [name for name in stand_ins if name in kept]
    if left and own_app:
        return (
            f"{' and '.join(left)} of the sandbox are still kept in local.json although "
            "SPOTIFY_CLIENT_ID is set: run 'python -m audiospective up' once, or take them out."
        )
    return None


def service_fault(value: str) -> str | None:
    """Of the address of a service that is called."""
    try:
        parts = service_urls.split(value)
    except UrlError as error:
        return str(error)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        return f"must be an http or https address without a name or password, not {parts.scheme}:."
    if parts.scheme == "http" and not hosts.is_loopback(parts.hostname):
        return "must use https, or a loopback IP address for a stand-in on this machine."
    return None
