"""Storage in a bucket of an S3-compatible service: Amazon's, R2, MinIO."""

from __future__ import annotations

import hashlib
import io
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO, cast

from audiospective.clients.deadline import Deadline
from audiospective.clients.storage.errors import (
    AwayError,
    DamagedError,
    MissingError,
    RefusedError,
    StorageError,
)
from audiospective.clients.storage.keys import CHUNK, Content, checked, parts
from audiospective.clients.storage.values import Bucket, Download, Stored
from audiospective.clients.timed_http import within

SECONDS = 30.0  # one call with all its tries may take, and then ...
PACE = 256 * 1024  # ... bytes a second of what it carries
IN_MEMORY = 8 << 20  # bytes of an upload; more waits on disk
LARGEST = 5 * 1000**3  # bytes S3 takes in one piece
PAGE = 1000  # keys of one listing
_SHA = "sha256"  # in an object's own facts; ETags are no checksum everywhere
_NOT_THERE = frozenset({"404", "NoSuchKey", "NotFound"})


class S3Storage:
    """What is put there carries its checksum, and is compared with it when it is read."""

    def __init__(self, bucket: Bucket, *, seconds: float = SECONDS) -> None:
        self.bucket = bucket
        self._seconds = seconds

    @cached_property
    def _client(self) -> Any:
        # Loading boto3 takes a third of a second: only who uses it waits for it.
        from audiospective.clients.storage import s3_client

        return s3_client.connect(self.bucket)

    def put(self, key: str, content: Content) -> int:
        name = self._name(key)
        md5, sha = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        size = 0
        with _repeatable(content) as draft:
            for part in parts(draft):
                md5.update(part)
                sha.update(part)
                size += len(part)
            if size > LARGEST:
                raise StorageError(f"{key} is larger than S3 takes in one piece")
            draft.seek(0)
            with self._asking(key, size):
                self._client.put_object(
                    Bucket=self.bucket.name,
                    Key=name,
                    Body=draft,
                    ContentLength=size,
                    # Known to every S3, as newer checksums are not.
                    ContentMD5=b64encode(md5.digest()).decode(),
                    Metadata={_SHA: sha.hexdigest()},
                )
        return size

    def open(self, key: str, most: int | None = None) -> BinaryIO:
        name = self._name(key)
        with self._asking(key):
            answer = self._client.get_object(Bucket=self.bucket.name, Key=name)
        try:
            size = _size(key, answer)
            if most is not None and size > most:
                raise DamagedError(f"{key} is larger than what was put")
        except StorageError:
            answer["Body"].close()
            raise
        stream = _Stream(
            key, answer["Body"], size, answer["Metadata"].get(_SHA), self._deadline(size)
        )
        return cast("BinaryIO", io.BufferedReader(stream, CHUNK))

    def get(self, key: str, most: int | None = None) -> bytes:
        with self.open(key, most) as stream:
            return stream.read()

    def size(self, key: str) -> int | None:
        name = self._name(key)
        try:
            with self._asking(key):
                answer = self._client.head_object(Bucket=self.bucket.name, Key=name)
        except MissingError:
            return None
        return _size(key, answer)

    def delete(self, key: str) -> None:
        with self._asking(key):
            self._client.delete_object(Bucket=self.bucket.name, Key=self._name(key))

    def list(self, prefix: str) -> Iterator[Stored]:
        more: dict[str, str] = {}
        start = len(self._name("x")) - 1
        while True:
            with self._asking(prefix):
                page = self._client.list_objects_v2(
                    Bucket=self.bucket.name,
                    Prefix=f"{self._name(prefix)}/",
                    MaxKeys=PAGE,
                    **more,
                )
            for one in page.get("Contents", ()):
                yield Stored(one["Key"][start:], one["Size"], one["LastModified"])
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def link(self, key: str, download: Download) -> str | None:
        facts = {
            "Bucket": self.bucket.name,
            "Key": self._name(key),
            "ResponseContentType": download.media_type,
            "ResponseContentDisposition": f'attachment; filename="{download.name}"',
            "ResponseCacheControl": "private, no-store",
        }
        signed = self._client.generate_presigned_url(
            "get_object", Params=facts, ExpiresIn=download.seconds
        )
        return str(signed)

    def _name(self, key: str) -> str:
        prefix = self.bucket.prefix
        return f"{prefix}/{checked(key)}" if prefix else checked(key)

    def _deadline(self, size: int = 0) -> Deadline:
        return Deadline(self._seconds + size / PACE)

    @contextmanager
    def _asking(self, key: str, size: int = 0) -> Iterator[None]:
        """What the library raises becomes one of ours; neither keys nor answers are repeated."""
        with _told(key), within(self._deadline(size)):
            yield


@contextmanager
def _repeatable(content: Content) -> Iterator[BinaryIO]:
    """`content` to be read twice, for its checksum and to be sent: a whole file as it stands, so
    that who gave it sees how far it is; a copy of anything else, on disk where it is large."""
    if not isinstance(content, bytes) and hasattr(content, "read"):
        file = cast("BinaryIO", content)
        if file.seekable() and not file.tell():
            yield file
            return
    with SpooledTemporaryFile(max_size=IN_MEMORY) as draft:
        for part in parts(content):
            draft.write(part)
        draft.seek(0)
        yield cast("BinaryIO", draft)


@contextmanager
def _told(key: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    from audiospective.clients.storage.s3_client import UnfitAnswerError

    try:
        yield
    except UnfitAnswerError as error:
        raise RefusedError(f"storage refused {key}: {error}") from None
    except ClientError as error:
        raise _refusal(key, error.response) from None
    except (BotoCoreError, HTTPError, OSError) as error:
        raise AwayError(f"storage did not answer for {key} ({type(error).__name__})") from error
    except ValueError as error:  # an address or a header that the library cannot read
        raise RefusedError(f"storage cannot be asked for {key}") from error


def _size(key: str, answer: Any) -> int:
    """What the service says of the length; a sender of pieces says nothing."""
    size = answer.get("ContentLength")
    if size is None or size < 0:
        raise RefusedError(f"storage does not say how large {key} is")
    return int(size)


def _refusal(key: str, response: Any) -> StorageError:
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _NOT_THERE:
        return MissingError(key)
    if code in ("BadDigest", "InvalidDigest"):
        return DamagedError(f"{key} did not arrive as it was sent")
    what = f"{status} {code}".strip()
    if status >= 500 or status in (408, 429) or code in ("RequestTimeout", "SlowDown"):
        return AwayError(f"storage answered {what} for {key}")
    return RefusedError(f"storage refused {key} ({what})")


class _Stream(io.RawIOBase):
    """An object's bytes as they come, ended by the comparison with its checksum."""

    def __init__(
        self,
        key: str,
        body: IO[bytes],
        size: int,
        sha: str | None,
        deadline: Deadline,
    ) -> None:
        self._key, self._body, self._left = key, body, size
        self._sha, self._seen, self._deadline = sha, hashlib.sha256(), deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _told(self._key), within(self._deadline):
            piece = self._body.read(min(len(buffer), self._left)) if self._left else b""
        if not piece and self._left:
            raise AwayError(f"{self._key} broke off")
        self._left -= len(piece)
        self._seen.update(piece)
        if not self._left and self._sha and self._seen.hexdigest() != self._sha:
            raise DamagedError(f"{self._key} is not what was put")
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._body.close()
        super().close()
