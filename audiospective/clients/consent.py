"""Consent: sends a browser to Spotify and exchanges the code it brings back (OAuth 2.0, PKCE)."""

from __future__ import annotations

import re
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session

from audiospective.clients import timed_http
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import (
    NO_TOKEN,
    Credentials,
    SpotifyError,
    Tokens,
    read_tokens,
)
from audiospective.policy import failures
from audiospective.policy.failures import Failure

SCOPE = "user-read-recently-played"  # nothing else is needed, so nothing else is asked for
CONNECT_SECONDS = 4.0
PAGE_BYTES = 32 * 1024  # of an error page that are looked at
READ_SECONDS = 8.0  # somebody watches an empty browser window meanwhile


class Consent:
    """The authorization-code flow of one Spotify app; build one for each request."""

    def __init__(self, accounts_url: str, app: Credentials, redirect_uri: str) -> None:
        self._accounts_url = accounts_url
        self._session = OAuth2Session(
            client_id=app.client_id,
            client_secret=app.client_secret,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - a method's name
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )
        self._session.trust_env = False  # no .netrc, no surprise in what is sent
        timed_http.mount(self._session)

    def address(self, state: str, verifier: str, *, ask_again: bool) -> str:
        """Where the browser goes; `ask_again` shows Spotify's consent page even if it is known.

        Whether a consent that was waved through starts a new six months is not documented, so
        whoever renews asks for the page.
        """
        url, _ = self._session.create_authorization_url(
            f"{self._accounts_url}/authorize",
            state=state,
            code_verifier=verifier,
            **({"show_dialog": "true"} if ask_again else {}),
        )
        return str(url)

    def complaint(self, deadline: Deadline) -> str | None:
        """What Spotify says against this app before anybody signs in; None if nothing.

        A wrong redirect URI is never reported to the app: Spotify shows its user an error page
        instead of the sign-in (contract of /authorize). So the page is fetched and looked at;
        an answer that cannot be understood is no complaint.
        """
        left = deadline.remaining()
        try:
            with (
                timed_http.within(deadline),
                self._session.get(
                    self.address("check", "v" * 43, ask_again=False),
                    withhold_token=True,
                    timeout=(min(CONNECT_SECONDS, left), min(READ_SECONDS, left)),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                start = next(response.iter_content(PAGE_BYTES), b"")
        except (requests.RequestException, OSError):
            return None
        finally:
            self._session.close()
        found = re.search(r"INVALID_CLIENT: ([A-Za-z ]{3,60})", start.decode("utf-8", "replace"))
        return found.group(1).strip() if found else None

    def exchange(self, code: str, verifier: str, deadline: Deadline) -> Tokens:
        """The tokens for `code`; raises SpotifyError (AUTH: the code is no good).

        One try: a code works once, so after a lost answer a second one could only mislead.
        """
        left = deadline.remaining()
        seen: list[requests.Response] = []
        self._session.compliance_hook["access_token_response"] = {_keep(seen)}
        try:
            with timed_http.within(deadline):
                found = self._session.fetch_token(
                    f"{self._accounts_url}/api/token",
                    code=code,
                    code_verifier=verifier,
                    timeout=(min(CONNECT_SECONDS, left), min(READ_SECONDS, left)),
                    allow_redirects=False,  # the secret must not follow to another host
                )
        except AuthlibBaseError as error:
            raise _refused(seen, error.error) from None
        except requests.HTTPError:
            raise _refused(seen, None) from None
        except (requests.RequestException, OSError, ValueError, TypeError) as error:
            found = _answered(seen)  # Authlib stumbles over an odd expires_in
            if not found:
                raise SpotifyError(Failure.NETWORK, type(error).__name__) from None
        finally:
            self._session.close()
        return _tokens(found)


def _keep(seen: list[requests.Response]) -> Any:
    def hook(response: requests.Response) -> requests.Response:
        seen.append(response)
        return response

    return hook


def _answered(seen: list[requests.Response]) -> dict[str, Any]:
    """The object of a 200 answer that was kept; empty if there is none."""
    try:
        found = seen[-1].json() if seen and seen[-1].status_code == requests.codes.ok else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refused(seen: list[requests.Response], error: str | None) -> SpotifyError:
    status = seen[-1].status_code if seen else 0
    return SpotifyError(
        failures.of_token_answer(status, error),
        f"code exchange refused with status {status}",
        status=status or None,
        retry_after=seen[-1].headers.get("Retry-After") if seen else None,
    )


def _tokens(found: dict[str, Any]) -> Tokens:
    tokens = read_tokens(found)
    if not tokens.access_token or not tokens.refresh_token:
        raise SpotifyError(Failure.NETWORK, NO_TOKEN, status=200)
    return tokens
