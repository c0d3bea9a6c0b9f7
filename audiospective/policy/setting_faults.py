"""What is wrong with a setting, in words that follow its name; None when nothing is."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from urllib.parse import urlsplit


def is_fernet_key(key: str) -> bool:
    """Whether `key` is 32 bytes in URL-safe base64, as Fernet wants it."""
    try:
        return len(base64.b64decode(key, altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def is_loopback(host: str) -> bool:
    """Whether `host` is a loopback address literal."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def base_fault(value: str) -> str | None:
    """Of BASE_URL."""
    # Spotify's redirect rules (enforced since 27 November 2025): https, or a loopback IP literal.
    parts = urlsplit(value)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        return f"must be an address like https://archive.example, not {value!r}."
    if host == "localhost" or host.endswith(".localhost"):
        return "must not use localhost, Spotify refuses it as a redirect: write 127.0.0.1 instead."
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return f"must have no path, only scheme and host, not {value!r}."
    if parts.scheme == "http" and not is_loopback(host):
        return "must use https (plain http is accepted by Spotify for 127.0.0.1 and [::1] only)."
    return None


def database_fault(value: str) -> str | None:
    """Of DATABASE_URL."""
    parts = urlsplit(value)
    if parts.scheme not in ("sqlite", "postgres", "postgresql"):
        return "must begin with postgres:// or sqlite:///."
    if parts.scheme == "sqlite" and len(parts.path) <= 1:
        return "names no file: write sqlite:////absolute/path.db."
    if parts.scheme != "sqlite" and len(parts.path) <= 1:
        return "names no database: write postgres://user:password@host:5432/name."
    return None


def redis_fault(value: str) -> str | None:
    """Of REDIS_URL."""
    if urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        return "must begin with redis://, rediss:// or unix://."
    return None


def secret_fault(value: str) -> str | None:
    """Of SECRET_KEY."""
    return None if len(value) >= 32 else "is too short: at least 32 characters."


def service_fault(value: str) -> str | None:
    """Of the address of a service that is called."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"must be an http or https address, not {value!r}."
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "must use https, or a loopback IP address for a stand-in on this machine."
    return None


def sender_fault(value: str) -> str | None:
    """Of MAIL_FROM."""
    if "@" not in value or any(char in value for char in "\r\n"):
        return "must be a sender like 'Audiospective <letters@archive.example>'."
    return None


def storage_fault(value: str) -> str | None:
    """Of STORAGE_URL."""
    if urlsplit(value).scheme not in ("file", "s3"):
        return "must begin with file:/// or s3://."
    return None
