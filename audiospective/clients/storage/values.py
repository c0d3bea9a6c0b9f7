"""What is said about stored files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Stored:
    """What a listing says; `size` in bytes, `modified_at` aware UTC."""

    key: str
    size: int
    modified_at: datetime


@dataclass(frozen=True)
class Download:
    """How a signed link gives its file: as an attachment called `name`, for `seconds`."""

    name: str  # ASCII, without quotes
    media_type: str
    seconds: int


@dataclass(frozen=True)
class Bucket:
    """A bucket of an S3-compatible service and the keys for it.

    `outside`: somebody who is not the operator named it, so that it may lead to public addresses
    only. `endpoint` empty: Amazon's own for the region.
    """

    name: str
    key_id: str
    secret: str = field(repr=False)
    prefix: str = ""  # a path in front of every key
    endpoint: str = ""
    region: str = "us-east-1"  # R2 and MinIO take this for their own
    outside: bool = False
