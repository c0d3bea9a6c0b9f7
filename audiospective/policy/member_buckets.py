"""What is wrong with a bucket that a member names, in words beside its field."""

from __future__ import annotations

import re
from collections.abc import Mapping

from audiospective.policy import public_addresses

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,4}")
_REGION = re.compile(r"[a-z0-9-]{2,40}")
_KEY = re.compile(r"[!-~]{3,200}")  # visible ASCII


def faults(told: Mapping[str, str], *, secret_known: bool) -> dict[str, str]:
    """By field: endpoint, region, bucket, prefix, key_id, secret. `secret_known`: it is kept."""
    found = {}
    endpoint = told["endpoint"]
    if endpoint and (fault := public_addresses.endpoint_fault(endpoint)):
        found["endpoint"] = fault
    if not _REGION.fullmatch(told["region"]):
        found["region"] = "A region looks like eu-west-1; services without any take us-east-1."
    if not _BUCKET.fullmatch(told["bucket"]):
        found["bucket"] = "3 to 63 small letters, digits, hyphens and dots."
    if told["prefix"] and not _PREFIX.fullmatch(told["prefix"]):
        found["prefix"] = "Letters, digits, hyphens and dots, with / between folders."
    if not _KEY.fullmatch(told["key_id"]):
        found["key_id"] = "The access key ID, as the service shows it, without blanks."
    if not (secret_known and not told["secret"]) and not _KEY.fullmatch(told["secret"]):
        words = "The secret access key, as the service showed it, without blanks."
        found["secret"] = words
    return found
