"""A bucket of a member's own: reached with their keys only, at public addresses, over https."""

from __future__ import annotations

import secrets

from audiospective.clients.storage import (
    AwayError,
    Bucket,
    RefusedError,
    S3Storage,
    Storage,
    StorageError,
)
from audiospective.models.export_schedules import SECRET_PLACE, ExportSchedule
from audiospective.services import Services
from audiospective.vault import UnknownKeyError, VaultError

SECONDS = 10.0  # that somebody who saves the form waits for each of three calls
CHECK = "audiospective-check.txt"
REFUSED = (
    "The service answers and says no. Look at the bucket's name, its region, the keys, and whether"
    " they may write, read and delete there."
)
AWAY = (
    "The service did not answer. Look at the address; it has to be one of the public Internet,"
    " with https and a valid certificate."
)
OTHER = "What was put into the bucket did not come back the same."
UNREADABLE = "The keys of your bucket cannot be read any more. Enter them again."


class BucketError(Exception):
    """It cannot be used; the message is a sentence for its member. `again`: later it may."""

    def __init__(self, sentence: str, *, again: bool = False) -> None:
        super().__init__(sentence)
        self.again = again


def opened(services: Services, row: ExportSchedule, *, seconds: float = 30.0) -> Storage:
    """The bucket of a schedule; raises BucketError if its secret cannot be read."""
    try:
        secret = services.vault.decrypt(SECRET_PLACE, row.user_id, row.secret_encrypted)
    except VaultError as error:
        back = isinstance(error, UnknownKeyError)  # taken out by mistake, it comes back
        raise BucketError(UNREADABLE, again=back) from None
    return connected(
        Bucket(
            name=row.bucket,
            key_id=row.key_id,
            secret=secret,
            prefix=row.prefix,
            endpoint=row.endpoint,
            region=row.region,
            outside=True,
        ),
        seconds=seconds,
    )


def connected(bucket: Bucket, *, seconds: float) -> Storage:
    """Storage in a bucket; nothing is sent yet."""
    return S3Storage(bucket, seconds=seconds)


def check(storage: Storage) -> None:
    """Put something small, read it, delete it; raises BucketError."""
    said = secrets.token_hex(16).encode()
    try:
        storage.put(CHECK, said)
        same = storage.get(CHECK, most=len(said)) == said
        storage.delete(CHECK)
    except StorageError as error:
        raise told(error) from None
    if not same:
        raise BucketError(OTHER)


def told(error: StorageError) -> BucketError:
    """An error of storage in words; what the service wrote is not repeated."""
    if isinstance(error, AwayError):
        return BucketError(AWAY, again=True)
    return BucketError(REFUSED if isinstance(error, RefusedError) else OTHER)
