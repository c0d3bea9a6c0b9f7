"""Resend's library, and the one way in which it reaches the network; loaded when mail is sent.

A worker loads it before it forks (jobs.worker.load_tasks).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
import resend
from resend.exceptions import NoContentError, ResendError
from resend.http_client import HTTPClient
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from audiospective.clients.mail import NOT_REACHED

__all__ = ("Client", "NoContentError", "ResendError", "resend")


class Client(HTTPClient):
    """The library's own client waits 30 s, follows redirects and reads ~/.netrc; this does not.

    Both times are seconds: to connect, and between two packets.
    """

    def __init__(self, connect: float, read: float) -> None:
        self._timeout = connect, read

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: Any = None,
        files: Any = None,
        data: Any = None,
    ) -> tuple[bytes, int, Mapping[str, str]]:
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.request(
                    method,
                    url,
                    headers=headers,
                    json=json,
                    timeout=self._timeout,
                    allow_redirects=False,
                )
            except requests.ConnectionError as error:
                why = getattr(error.args[0] if error.args else None, "reason", None)
                if isinstance(why, ConnectTimeoutError | NewConnectionError):
                    raise ConnectionError(NOT_REACHED) from None  # the library keeps its words
                raise
            return answer.content, answer.status_code, answer.headers
