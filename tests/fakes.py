"""Stand-ins written by hand: they do what the real thing does, as the test says."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from typing import TypeVar

from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import Credentials, Profile, Tokens
from audiospective.policy.plays import Page

Kind = TypeVar("Kind")


class FakeSpotify:
    """Answers by token: "access-7" is the access token of the seventh person, and so on.

    Without instructions a refresh gives a token without rotation, and a page is empty. An
    instruction is a value, an exception, or a function that is called in the fetching thread.
    """

    def __init__(self) -> None:
        self.pages: dict[str, object] = {}
        self.refreshes: dict[str, object] = {}
        self.calls: Counter[str] = Counter()
        self.by_token: defaultdict[str, list[str]] = defaultdict(list)
        self._lock = threading.Lock()

    def refresh(self, app: Credentials, refresh_token: str, deadline: Deadline) -> Tokens:
        self._count("refresh", refresh_token)
        name = refresh_token.removeprefix("refresh-")
        answer = self.refreshes.get(refresh_token, Tokens(f"access-{name}", 3600))
        return _given(answer, Tokens)

    def recently_played(self, access_token: str, deadline: Deadline) -> Page:
        self._count("recently_played", access_token)
        return _given(self.pages.get(access_token, Page()), Page)

    def me(self, access_token: str, deadline: Deadline) -> Profile:
        self._count("me", access_token)
        name = access_token.removeprefix("access-")
        return Profile(account_id=name, spotify_id=name)

    def _count(self, endpoint: str, token: str) -> None:
        with self._lock:
            self.calls[endpoint] += 1
            self.by_token[token].append(endpoint)


def _given(answer: object, kind: type[Kind]) -> Kind:
    if isinstance(answer, BaseException):
        raise answer
    if callable(answer):
        answer = answer()
    assert isinstance(answer, kind)
    return answer
