"""The control handle for a sandbox in another process: the same verbs, over HTTP."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import requests


class ControlError(RuntimeError):
    """The sandbox refused a verb."""


class RemoteControl:
    """Every verb of `control.Control`, called as a method: `remote.burst(listener=..., count=60)`.

    Arguments are given by name; instants may be aware datetimes.
    """

    def __init__(self, url: str, timeout_seconds: float = 30.0) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout_seconds

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        if verb.startswith("_"):
            raise AttributeError(verb)

        def call(**arguments: Any) -> Any:
            answer = requests.post(
                f"{self._url}/__control/{verb}", json=_plain(arguments), timeout=self._timeout
            )
            if answer.headers.get("Content-Type") == "application/zip":
                return answer.content
            body = answer.json()
            if answer.status_code != 200:
                raise ControlError(body["error"])
            return body["result"]

        return call


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(part) for part in value]
    return value
