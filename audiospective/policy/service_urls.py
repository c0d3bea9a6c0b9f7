"""Addresses that operators write for the services in use, taken apart in one place."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit

_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")  # libpq refuses both, and shows the password
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")  # S3's rules of names
_PREFIX = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
# A character that ends or begins a part of a URL; in a path or a password it has to be escaped.
_ESCAPES = "write # as %23, ? as %3F, / as %2F and @ as %40 inside names and passwords"


class UrlError(ValueError):
    """The address cannot be used; the message follows the setting's name and repeats no secret."""


def split(url: str) -> SplitResult:
    """`url` in its parts, with a port that can be read; raises UrlError."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UrlError(f"cannot be read: {_ESCAPES}.") from None
    return parts


def server(url: str) -> SplitResult:
    """A server's address: a host, and nothing left over that a raw # or ? has cut off."""
    parts = split(url)
    if not parts.hostname:
        raise UrlError(f"names no host: {_ESCAPES}.")
    if parts.fragment or "@" in unquote(parts.path):
        raise UrlError(f"cannot be read: {_ESCAPES}.")
    return parts


def postgres(url: str) -> SplitResult:
    """The address of a database as libpq reads it; only the first of several hosts is left.

    libpq takes the first @ for the end of the password, and every + as it stands:
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
    """
    if _NO_ESCAPE.search(url):
        raise UrlError("holds a % that is no escape: write % as %25 inside names and passwords.")
    head, slashes, rest = url.partition("://")
    user, at, places = re.split(r"(?=[/?#])", rest, maxsplit=1)[0].rpartition("@")
    if "@" in user:
        raise UrlError(f"cannot be read: {_ESCAPES}.")
    first, *others = places.split(",")
    for other in others:
        split(f"{head}{slashes}{other}")
    parts = split(f"{head}{slashes}{user}{at}{first}{rest[len(user + at + places) :]}")
    if "@" in parts.path or parts.fragment:
        raise UrlError(f"cannot be read: {_ESCAPES}.")
    return parts


def local_url(scheme: str, path: str) -> str:
    """The address of an absolute `path` on this machine: `sqlite:////...` or `file:///...`."""
    return f"{scheme}://{'/' if scheme == 'sqlite' else ''}{quote(path)}"


def local_path(url: str) -> str:
    """The absolute path of `sqlite:////path` or `file:///path`; raises UrlError."""
    parts = split(url)
    if parts.query or parts.fragment or "#" in url or "?" in url:
        raise UrlError("holds a bare # or ?: write # as %23 and ? as %3F.")
    if parts.netloc not in ("", "localhost"):
        raise UrlError("names a host: a path on this machine begins after three slashes.")
    path = unquote(parts.path)
    if "\0" in path or path.strip("/") == "":
        raise UrlError("names no file: write an absolute path.")
    return "/" + path.lstrip("/")


def bucket(url: str) -> tuple[str, str]:
    """Name and prefix of `s3://name/a/prefix`; raises UrlError."""
    parts = server(url)
    name, prefix = parts.netloc, parts.path.strip("/")
    if parts.query or not _BUCKET.fullmatch(name):
        raise UrlError("names no bucket: write s3://bucket/prefix, in small letters.")
    if prefix and not _PREFIX.fullmatch(prefix):
        raise UrlError("has a prefix of other signs than letters, digits, hyphens, dots and /.")
    return name, prefix
