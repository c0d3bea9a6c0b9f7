"""Of the database, Redis and storage."""

from __future__ import annotations

from audiospective.policy import service_urls
from audiospective.policy.service_urls import UrlError


def database_fault(value: str) -> str | None:
    """Of DATABASE_URL."""
    scheme = value.partition(":")[0]
    if scheme not in ("sqlite", "postgres", "postgresql"):
        return "must begin with postgres:// or sqlite:///."
    try:
        if scheme == "sqlite":
            service_urls.local_path(value)
            return None
        parts = service_urls.postgres(value)
    except UrlError as error:
        return str(error)
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
