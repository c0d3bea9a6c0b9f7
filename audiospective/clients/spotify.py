"""Spotify: refreshes tokens, reads profiles and recently played pages, names every refusal.

One module although it is long: its calls share one session, one deadline and one tree of errors.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import orjson
import requests

from audiospective.clients import timed_http
from audiospective.clients.deadline import Deadline
from audiospective.clients.recently_played import MalformedPageError, read_page
from audiospective.policy import failures, token_answer
from audiospective.policy.failures import Failure
from audiospective.policy.plays import Page

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
TRIES = 3
BACKOFF_BASE = 0.4  # seconds; full jitter: a wait is anywhere between 0 and base x 2^try
BODY_LIMIT = 8 * 1024 * 1024  # bytes of an answer; a page in extended mode is about 1 MiB
ERROR_LIMIT = 8 * 1024  # bytes of an error body that are read
THREADS = 16
NO_TOKEN = "the token answer holds no token"  # noqa: S105 - words

Answer = TypeVar("Answer")


class SpotifyError(Exception):
    """Spotify refused or did not answer.

    `failure` says what it means; `status` is the HTTP status or None when none came;
    `retry_after` is the header as it came. The text never holds a token or a body.
    """

    def __init__(
        self,
        failure: Failure,
        detail: str,
        *,
        status: int | None = None,
        retry_after: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.failure = failure
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True)
class Credentials:
    """An app's id and secret, as the accounts service wants them."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class Tokens:
    """A token answer; `refresh_token` is None when the old one stays, `scope` when not told.

    `access_token` is "" where the answer only held a new refresh token.
    """

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str | None = field(default=None, repr=False)
    scope: str | None = None


@dataclass(frozen=True)
class Profile:
    """Who authorized. `account_id` never changes (Spotify, May 2026); `spotify_id` may.

    `account_id` is None where the answer lacks it: then it says less of who this is, and nothing
    else may be put in its place.
    """

    account_id: str | None
    spotify_id: str
    display_name: str | None = None


class SpotifyClient:
    """One HTTP session for all threads of a process; nothing is sent before the first call."""

    def __init__(
        self,
        accounts_url: str,
        api_url: str,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._accounts_url = accounts_url
        self._api_url = api_url
        self._chance = chance
        self._session = requests.Session()
        self._session.trust_env = False  # no .netrc, no surprise in what is sent
        # One person's cookie must not travel with the next one's token.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        timed_http.mount(self._session, THREADS)

    def refresh(self, app: Credentials, refresh_token: str, deadline: Deadline) -> Tokens:
        """A new access token; raises SpotifyError (AUTH: this grant is over, do not retry)."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._patiently(deadline, lambda: self._token(app, form, deadline))

    def app_token(self, app: Credentials, deadline: Deadline) -> Tokens:
        """A token for the app itself: proves id and secret; raises SpotifyError (APP)."""
        found = self._token(app, {"grant_type": "client_credentials"}, deadline)
        if not found.access_token:
            raise SpotifyError(Failure.NETWORK, NO_TOKEN, status=200)
        return found

    def recently_played(self, access_token: str, deadline: Deadline) -> Page:
        """The newest plays, at most 50. Without a cursor: one would hide plays that arrive late."""

        def once() -> Page:
            body = self._get("/me/player/recently-played?limit=50", access_token, deadline)
            try:
                return read_page(body)
            except MalformedPageError as error:
                raise SpotifyError(Failure.NETWORK, str(error), status=200) from None

        return self._patiently(deadline, once)

    def me(self, access_token: str, deadline: Deadline) -> Profile:
        """Whose token this is; raises SpotifyError."""

        def once() -> Profile:
            found = _json_object(self._get("/me", access_token, deadline))
            identity = found.get("id")
            if not isinstance(identity, str) or not identity:
                raise SpotifyError(Failure.NETWORK, "the profile has no id", status=200)
            name, account = found.get("display_name"), found.get("account_id")
            return Profile(
                account_id=account if isinstance(account, str) and account else None,
                spotify_id=identity,
                display_name=name if isinstance(name, str) else None,
            )

        return self._patiently(deadline, once)

    def _patiently(self, deadline: Deadline, once: Callable[[], Answer]) -> Answer:
        """Try again after passing faults: TRIES in all, full jitter, inside the deadline."""
        for attempt in range(1, TRIES + 1):
            try:
                return once()
            except SpotifyError as error:
                wait = self._chance() * BACKOFF_BASE * 2**attempt
                if (
                    not failures.TRAITS[error.failure].transient
                    or attempt == TRIES
                    or not deadline.pause(wait)
                ):
                    raise
        raise AssertionError("unreachable")  # the last attempt returned or raised

    def _token(self, app: Credentials, form: Mapping[str, str], deadline: Deadline) -> Tokens:
        status, headers, body = self._send(
            "POST",
            f"{self._accounts_url}/api/token",
            deadline,
            data=dict(form),
            auth=(app.client_id, app.client_secret),
        )
        if status != requests.codes.ok:
            error = _object_or_empty(body).get("error")
            failure = failures.of_token_answer(status, error if isinstance(error, str) else None)
            raise SpotifyError(
                failure,
                f"token request refused with status {status}",
                status=status,
                retry_after=headers.get("Retry-After"),
            )
        return read_tokens(_json_object(body))

    def _get(self, path: str, access_token: str, deadline: Deadline) -> bytes:
        status, headers, body = self._send(
            "GET",
            self._api_url + path,
            deadline,
            headers={"Authorization": f"Bearer {access_token}"},
        )
        if status == requests.codes.ok:
            return body
        found = _object_or_empty(body)
        error = found.get("error")
        error = error if isinstance(error, dict) else {}
        message = str(error.get("message") or body[:200].decode("utf-8", "replace"))
        reason = error.get("reason")
        raise SpotifyError(
            failures.of_api_answer(
                status,
                message,
                reason if isinstance(reason, str) else None,
                is_json=bool(found),
            ),
            f"refused with status {status}",
            status=status,
            retry_after=headers.get("Retry-After"),
        )

    def _send(
        self, method: str, url: str, deadline: Deadline, **request: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        left = deadline.remaining()
        if left <= 0:
            raise SpotifyError(Failure.NETWORK, "no time was left to ask")
        deadline.sends += 1
        try:
            with (
                timed_http.within(deadline),
                self._session.request(
                    method,
                    url,
                    timeout=(min(CONNECT_SECONDS, left), min(READ_SECONDS, left)),
                    allow_redirects=False,  # a token must not follow to another host
                    stream=True,
                    **request,
                ) as response,
            ):
                good = response.status_code == requests.codes.ok
                body = _read(response, BODY_LIMIT if good else ERROR_LIMIT)
                return response.status_code, response.headers, body
        except (requests.RequestException, OSError, ValueError) as error:
            raise SpotifyError(Failure.NETWORK, type(error).__name__) from None


def _read(response: requests.Response, limit: int) -> bytes:
    """The body, at most `limit` bytes."""
    parts: list[bytes] = []
    size = 0
    for part in response.iter_content(65_536):
        parts.append(part)
        size += len(part)
        if size > limit:
            if response.status_code != requests.codes.ok:
                break  # enough to tell what the error is
            raise SpotifyError(Failure.NETWORK, "the answer is too large", status=200)
    return b"".join(parts)[:limit]


def read_tokens(found: Mapping[str, Any]) -> Tokens:
    """The tokens of a 200 answer; raises SpotifyError (NETWORK) if it holds none at all.

    Without an access token it may still hold the only living refresh token, which is returned.
    """
    access, renewed, scope = (
        found.get("access_token"),
        found.get("refresh_token"),
        found.get("scope"),
    )
    tokens = Tokens(
        access_token=access if isinstance(access, str) else "",
        expires_in=token_answer.lifetime(found.get("expires_in")),
        refresh_token=renewed if isinstance(renewed, str) and renewed else None,
        scope=scope if isinstance(scope, str) else None,
    )
    if not tokens.access_token and not tokens.refresh_token:
        raise SpotifyError(Failure.NETWORK, NO_TOKEN, status=200)
    return tokens


def _json_object(body: bytes) -> Mapping[str, Any]:
    found = _object_or_empty(body)
    if not found:
        raise SpotifyError(Failure.NETWORK, "the answer is no JSON object", status=200)
    return found


def _object_or_empty(body: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
