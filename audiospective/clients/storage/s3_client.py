"""The client for one bucket: its own keys, bounded waits, addresses looked at when connecting."""

from __future__ import annotations

import socket
from typing import Any

import boto3
import botocore.session
from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
    AWSResponse,
)
from botocore.config import Config
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import HTTPError

from audiospective.clients import public_connections
from audiospective.clients.storage.values import Bucket
from audiospective.clients.timed_http import TimedResponse, limit

CONNECT = 5.0  # seconds
READ = 15.0  # seconds of silence
TRIES = 3
CONNECTIONS = 4
MOST_SAID = 1 << 20  # bytes of an answer that is no stored file, from a service of a member's
_PIECE = 1 << 16
_LEADS_ELSEWHERE = frozenset({301, 302, 303, 307, 308})


class UnfitAnswerError(Exception):
    """The service sends elsewhere, or more than it was asked for; asking again does not help."""


def connect(bucket: Bucket) -> Any:
    """A client that speaks with this bucket's service only; nothing is sent yet."""
    core = botocore.session.Session(session_vars=_nothing_of_the_machine())
    own = boto3.session.Session(
        aws_access_key_id=bucket.key_id,
        aws_secret_access_key=bucket.secret,
        region_name=bucket.region,
        botocore_session=core,
    )
    client = own.client(
        "s3",
        endpoint_url=bucket.endpoint or None,
        config=Config(
            connect_timeout=CONNECT,
            read_timeout=READ,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            signature_version="s3v4",
            s3={"addressing_style": "path" if bucket.endpoint else "virtual"},
            # Content-MD5 and our own SHA-256 do it: not every service knows the newer ones.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            ignore_configured_endpoint_urls=True,
        ),
    )
    http = _Http(outside=bucket.outside)

    def send(request: Any, **_: Any) -> AWSResponse:
        answer = http.send(request)
        if answer.status_code in _LEADS_ELSEWHERE:  # botocore would ask where, without an end
            answer.raw.close()
            raise UnfitAnswerError(f"the service leads elsewhere ({answer.status_code})")
        return answer

    client.meta.events.register("before-send.s3", send)
    return client


def _nothing_of_the_machine() -> dict[str, tuple[Any, ...]]:
    """No profile, key, address or option that somebody set up for other programs counts here."""
    known = botocore.session.Session.SESSION_VARIABLES
    alone = {name: (None, None, default, how) for name, (_, _, default, how) in known.items()}
    for file in ("config_file", "credentials_file"):
        alone[file] = (None, None, "/dev/null", None)
    return alone


class _Http(URLLib3Session):
    """Connections whose every read ends in time; never a redirect (botocore follows none here).

    `outside`: https only, no proxy, only to addresses of the public Internet, and whatever is no
    stored file has to be short: it is read into memory.
    """

    def __init__(self, *, outside: bool) -> None:
        super().__init__(timeout=(CONNECT, READ), max_pool_connections=CONNECTIONS)
        classes = {"https": _OutsidePool} if outside else {"http": _Pool, "https": _SecurePool}
        self._manager.pool_classes_by_scheme = classes
        self._bounded = outside

    def send(self, request: Any) -> AWSResponse:
        if not self._bounded:
            return super().send(request)
        streamed, request.stream_output = request.stream_output, True
        try:
            answer = super().send(request)
        finally:
            request.stream_output = streamed
        if not streamed or answer.status_code >= 300:  # what botocore would read to its end
            answer._content = _short(answer)
        return answer


def _short(answer: AWSResponse) -> bytes:
    """The whole body; raises UnfitAnswerError, or HTTPClientError if it breaks off."""
    body = bytearray()
    try:
        for piece in answer.raw.stream(_PIECE):
            body += piece
            if len(body) > MOST_SAID:
                raise UnfitAnswerError("the service answers without an end")
    except (HTTPError, OSError) as error:
        answer.raw.close()
        raise HTTPClientError(error=error) from error
    except UnfitAnswerError:
        answer.raw.close()
        raise
    return bytes(body)


class _Connection(AWSHTTPConnection):
    response_class = TimedResponse

    def send(self, data: Any) -> Any:
        """A piece of a request; a file is sent in many, so that whoever reads them slowly enough
        would hold this process for as long as they like."""
        limit(self.sock, READ)
        return super().send(data)


class _SecureConnection(AWSHTTPSConnection):
    response_class = TimedResponse

    def send(self, data: Any) -> Any:
        limit(self.sock, READ)
        return super().send(data)


class _OutsideConnection(_SecureConnection):
    def _new_conn(self) -> socket.socket:
        return public_connections.connect(self)


class _Pool(AWSHTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(AWSHTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _OutsidePool(AWSHTTPSConnectionPool):
    ConnectionCls = _OutsideConnection
