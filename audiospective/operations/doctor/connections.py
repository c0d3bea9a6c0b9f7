"""Whether the world is reached: Redis, the pages, Spotify and the mail provider."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

import requests
from redis.exceptions import RedisError

from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import Credentials, SpotifyError
from audiospective.operations.doctor.finding import Finding, first_line
from audiospective.policy import setting_faults
from audiospective.policy.failures import Failure
from audiospective.services import Services

SECONDS = 10.0


def redis(services: Services) -> Finding:
    try:
        services.redis.ping()
    except RedisError as error:
        said = setting_faults.redis_refusal(str(error), first_line(error))
        if "REDIS_TLS_VERIFY" in said:
            state, _, advice = said.partition(". ")
            return Finding("Redis", state, advice)
        return Finding(
            "Redis",
            said.removeprefix("the server ").removesuffix("."),
            "Check REDIS_URL and that the server runs. Nothing is lost meanwhile.",
        )
    return Finding("Redis", "answers")


def callback(services: Services) -> Finding:
    return Finding(
        "Redirect URI",
        f"{services.settings.callback_url} (must be registered with the Spotify app, exactly so)",
    )


def pages(services: Services) -> Finding:
    """Ask for a page by the name that people use: a proxy may change the name or the scheme."""
    base = services.settings.base_url
    try:
        answer = requests.get(f"{base}/sign-in", timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return Finding(
            "Pages",
            f"nothing answers at {base} from here ({type(error).__name__})",
            "If people cannot reach it either: start the web process, look at the proxy and DNS.",
            serious=False,
        )
    if answer.status_code == HTTPStatus.BAD_REQUEST:
        return Finding(
            "Pages",
            f"{base} is refused: another name arrives at the web process",
            f"Let the proxy pass on Host: {urlsplit(base).netloc}, or correct BASE_URL.",
        )
    if answer.is_redirect:
        return Finding(
            "Pages",
            f"{base} leads elsewhere ({answer.status_code})",
            "If it leads to itself, the proxy does not say X-Forwarded-Proto: https.",
            serious=False,
        )
    if not answer.ok:
        return Finding("Pages", f"{base} answers {answer.status_code}", "Look at the web's log.")
    return Finding("Pages", f"answer at {base}")


def spotify(services: Services) -> Finding:
    settings = services.settings
    if not settings.spotify_client_id:
        return Finding(
            "Spotify app",
            "no client id is set",
            "Set SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET, or use 'up' with its sandbox.",
        )
    app = Credentials(settings.spotify_client_id, settings.spotify_client_secret)
    try:
        services.spotify.app_token(app, Deadline(SECONDS))
    except SpotifyError as error:
        if error.failure is Failure.APP:
            return Finding(
                "Spotify app",
                "Spotify refuses the client id or secret",
                "Copy both again from developer.spotify.com/dashboard.",
            )
        return Finding(
            "Spotify app", f"could not be asked ({error})", "Try again later.", serious=False
        )
    mode = f"{settings.spotify_app_mode} mode"
    seats = (
        "no limit of seats"
        if settings.spotify_seats is None
        else (f"{settings.spotify_seats} seats")
    )
    stand_in = ", answered by the sandbox" if settings.sandbox else ""
    return Finding("Spotify app", f"accepted, {mode}, {seats}{stand_in}")


def mail(services: Services) -> Finding:
    settings = services.settings
    missing = [
        name
        for name, value in (
            ("RESEND_API_KEY", settings.resend_api_key),
            ("MAIL_FROM", settings.mail_from),
        )
        if not value
    ]
    if missing:
        return Finding(
            "E-mail",
            f"{' and '.join(missing)} not set: e-mails are kept, none is sent",
            "Set them so that members hear when their connection breaks.",
            serious=False,
        )
    return Finding("E-mail", f"sent as {settings.mail_from}")
