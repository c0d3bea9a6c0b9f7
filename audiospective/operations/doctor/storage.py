"""Whether files can be kept: something is put into storage, read back and taken away again."""

from __future__ import annotations

import secrets

from audiospective.clients.storage import AwayError, StorageError
from audiospective.operations.doctor.finding import Finding, first_line
from audiospective.services import Services

_PROBE = b"audiospective"
_AWAY = "Checks go on; exports, imports and years in storage wait. Look at S3_ENDPOINT_URL."
_NO = "Make the folder writable, or correct STORAGE_URL, the bucket, its keys and S3_REGION."


def look(services: Services) -> Finding:
    """Put something there, read it back and take it away again."""
    kept, settings = services.storage, services.settings
    where = settings.storage_url
    if settings.storage_url.startswith("s3:") and settings.s3_endpoint_url:
        where += f" at {settings.s3_endpoint_url}"
    key = f"doctor/{secrets.token_hex(16)}"
    try:
        kept.put(key, _PROBE)
        try:
            same = kept.get(key) == _PROBE
        finally:
            kept.delete(key)
    except AwayError as error:
        return Finding("Storage", f"{where}: {first_line(error)}", _AWAY)
    except StorageError as error:
        return Finding("Storage", f"{where}: {first_line(error)}", _NO)
    if not same:
        return Finding("Storage", f"{where} gives back other bytes than were put", _NO)
    return Finding("Storage", f"{where} can be written and read")
