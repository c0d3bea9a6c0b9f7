"""What is wrong with a setting, in words that follow its name; None when nothing is."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from audiospective.policy import addresses, hosts, service_urls, webhooks
from audiospective.policy.service_urls import UrlError


def fernet_key(key: str) -> str | None:
    """`key` as Fernet wants it: 32 bytes in URL-safe base64. None if it is no key.

    64 hexadecimal digits are one, too: that is what platforms generate for a secret.
    """
    if re.fullmatch(r"[0-9a-fA-F]{64}", key):
        return base64.urlsafe_b64encode(bytes.fromhex(key)).decode()
    try:
        return key if len(base64.b64decode(key, altchars=b"-_", validate=True)) == 32 else None
    except (binascii.Error, ValueError):
        return None


def is_loopback(host: str) -> bool:
    """Whether `host` is a loopback address literal."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
    if parts.scheme == "http" and not is_loopback(host):
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
    stand_ins = [
        name for name, url in addresses.items() if is_loopback(urlsplit(url).hostname or "")
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


def database_fault(value: str) -> str | None:
    """Of DATABASE_URL."""
    scheme = value.partition(":")[0]
    if scheme not in ("sqlite", "postgres", "postgresql"):
        return "must begin with postgres:// or sqlite:///."
    try:
        if scheme == "sqlite":
            service_urls.local_path(value)
            return None
        parts = service_urls.split(value)
    except UrlError as error:
        return str(error)
    if "@" in parts.path or parts.fragment:
        return "cannot be read: write # as %23, / as %2F and @ as %40 inside the password."
    if len(parts.path) <= 1:
        return "names no database: write postgres://user:password@host:5432/name."
    return None


def redis_fault(value: str) -> str | None:
    """Of REDIS_URL."""
    scheme = value.partition(":")[0]
    if scheme not in ("redis", "rediss", "unix"):
        return "must begin with redis://, rediss:// or unix://."
    if scheme == "unix":
        return None
    try:
        parts = service_urls.server(value)
    except UrlError as error:
        return str(error)
    if parts.path not in ("", "/") and not parts.path[1:].isdigit():
        return "names no database by number: write redis://:password@host:6379/0."
    return None


def redis_refusal(said: str, kind: str) -> str:
    """What keeps a Redis server from being used; `said` and `kind` are of the client's error."""
    if "certificate verify failed" in said.lower():
        return (
            "the server's certificate is not trusted. Where Redis signs its own, as on Heroku, "
            "set REDIS_TLS_VERIFY=off."
        )
    return f"the server does not answer ({kind})."


def secret_fault(value: str) -> str | None:
    """Of SECRET_KEY."""
    return None if len(value) >= 32 else "is too short: at least 32 characters."


def backup_key_fault(value: str) -> str | None:
    """Of BACKUP_KEY; the key itself never appears in the message."""
    if re.fullmatch(r"AGE-SECRET-KEY-1[02-9A-Z]{58}", value):
        return None
    return "is not a secret key of age: make one with 'backup --new-key' or age-keygen."


def service_fault(value: str) -> str | None:
    """Of the address of a service that is called."""
    try:
        parts = service_urls.split(value)
    except UrlError as error:
        return str(error)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        return f"must be an http or https address without a name or password, not {parts.scheme}:."
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "must use https, or a loopback IP address for a stand-in on this machine."
    return None


def token_fault(value: str) -> str | None:
    """Of a token that a program sends to be let in; it never appears in the message."""
    return None if len(value) >= 16 and value.isprintable() else "is too short: 16 characters."


def webhook_fault(value: str) -> str | None:
    """Of an address that alarms are sent to; it never appears in the message."""
    try:
        webhooks.read(value)
    except ValueError as error:
        return str(error)
    return None


def report_fault(value: str) -> str | None:
    """Of SENTRY_DSN: https://KEY@HOST/PROJECT."""
    try:
        parts = service_urls.split(value)
    except UrlError as error:
        return str(error)
    if parts.scheme not in ("http", "https") or not (parts.username and parts.hostname):
        return "must be a DSN like https://key@host/project."
    if not parts.path.rpartition("/")[2].isdigit():
        return "names no project: a DSN ends with the project's number."
    return None


def sender_fault(value: str) -> str | None:
    """Of MAIL_FROM."""
    if "@" not in value or any(char in value for char in "\r\n"):
        return "must be a sender like 'Audiospective <post@archive.example>'."
    return None


def contact_fault(value: str) -> str | None:
    """Of CONTACT: how visitors reach the operator."""
    if value.startswith("https://") and page_fault(value) is None:
        return None
    if addresses.normalized(value) is None:
        return "must be an e-mail address, or a page like https://archive.example/contact."
    return None


def page_fault(value: str) -> str | None:
    """Of a page that visitors are led to."""
    try:
        parts = service_urls.split(value)
    except UrlError as error:
        return str(error)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        return "must be a page like https://archive.example/source."
    return None


def storage_fault(value: str) -> str | None:
    """Of STORAGE_URL."""
    scheme = value.partition(":")[0]
    if scheme not in ("file", "s3"):
        return "must begin with file:/// or s3://."
    try:
        if scheme == "file":
            service_urls.local_path(value)
        else:
            service_urls.bucket(value)
    except UrlError as error:
        return str(error)
    return None


def region_fault(value: str) -> str | None:
    """Of S3_REGION."""
    if not value.replace("-", "").isalnum() or value != value.lower() or not value.isascii():
        return "must be a region like eu-central-1; auto for R2."
    return None
