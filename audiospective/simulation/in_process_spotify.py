"""The product's own Spotify client, talking to the sandbox in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from random import Random
from typing import Any

import msgspec
from flask import Flask

from audiospective.clients import recently_played
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import SpotifyClient, SpotifyError
from audiospective.policy.failures import Failure
from audiospective.policy.plays import Page
from audiospective.sandbox.exchange import state_of
from audiospective.simulation import sandbox_calls
from audiospective.simulation.operation_faults import FaultInjector

WHOLE_WAY = 100  # one call of so many goes through all of the sandbox; one page is read whole


class _Items(msgspec.Struct):
    items: list[msgspec.Raw]


_APART = msgspec.json.Decoder(_Items)


@lru_cache(maxsize=1_000)
def read_page(body: bytes) -> Page:
    """The product's reading of a page, of each item once: it takes longer than all the rest, and
    most of a page stood in the one before."""
    try:
        items = _APART.decode(body).items
    except ValueError:
        return recently_played.read_page(body)
    pages = [_read_item(bytes(item)) for item in items]
    return Page(
        tuple(play for page in pages for play in page.plays),
        tuple(item for page in pages for item in page.unreadable),
        offered=len(items),
    )


def is_read_alike(body: bytes) -> bool:
    """Whether the product reads a page as `read_page` does."""

    def tried(read: Callable[[bytes], Page]) -> Page | None:
        try:
            return read(body)
        except recently_played.MalformedPageError:
            return None

    return tried(read_page) == tried(recently_played.read_page)


@lru_cache(maxsize=20_000)
def _read_item(item: bytes) -> Page:
    return recently_played.read_page(b'{"items":[%b]}' % item)


class InProcessSpotify(SpotifyClient):
    """Only the way to the server is another; reading, naming failures and retrying are the same."""

    def __init__(
        self,
        base: str,
        sandbox: Flask,
        injector: FaultInjector,
        chance: Random,
        took: Callable[[float], None],
        came: Callable[[bytes], None],
    ) -> None:
        super().__init__(base, f"{base}/v1", chance=chance.random)
        self._app, self._world = sandbox.wsgi_app, state_of(sandbox)
        self._injector = injector
        self._took = took
        self._came = came
        self._asked = 0

    def _send(
        self, method: str, url: str, deadline: Deadline, **request: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        left = deadline.remaining()
        if left <= 0:
            raise SpotifyError(Failure.NETWORK, "no time was left to ask")
        deadline.sends += 1
        self._took(left)
        reply = self._injector.pass_through(
            "http", lambda: self._ask(method, url, request), _unreachable
        )
        if reply.status == 200 and "recently-played" in url:
            self._came(reply.body)
        return reply.status, reply.headers, reply.body

    def _ask(self, method: str, url: str, request: dict[str, Any]) -> sandbox_calls.Reply:
        self._asked += 1
        try:
            if self._asked % WHOLE_WAY == 0:
                return sandbox_calls.ask(self._app, method, url, **request)
            quick = sandbox_calls.ask_for_poll(self._world, method, url, **request)
            return sandbox_calls.ask(self._app, method, url, **request) if quick is None else quick
        except sandbox_calls.DroppedError:
            raise _unreachable() from None


def _unreachable() -> SpotifyError:
    return SpotifyError(Failure.NETWORK, "ConnectionError")
