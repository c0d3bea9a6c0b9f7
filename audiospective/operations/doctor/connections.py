"""Whether the world is reached: Redis, the pages, Spotify and the mail provider."""

from __future__ import annotations

from email.utils import parseaddr
from http import HTTPStatus
from typing import Any
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


def redirect(services: Services) -> Finding:
    """Spotify shows an error page at once for a redirect URI that is not registered."""
    settings = services.settings
    uri = settings.callback_url
    asked = {"client_id": settings.spotify_client_id, "response_type": "code", "redirect_uri": uri}
    register = f"Register exactly {uri} with the app, at developer.spotify.com/dashboard."
    if not settings.spotify_client_id:
        return Finding("Redirect URI", f"{uri}, once there is an app", register, serious=False)
    answer = _asked(f"{settings.spotify_accounts_url}/authorize", params=asked)
    if answer is None:
        return Finding("Redirect URI", f"{uri} could not be tried", register, serious=False)
    if answer.status_code == HTTPStatus.BAD_REQUEST and "redirect" in answer.text.lower():
        return Finding("Redirect URI", f"Spotify refuses {uri}", register)
    return Finding(
        "Redirect URI", f"{uri} is not refused (some faults show after the sign-in only)"
    )


def spotify_api(services: Services) -> Finding:
    """Without a token the API has to answer 401; anything else is not Spotify's API."""
    url = services.settings.spotify_api_url
    answer = _asked(f"{url}/me")
    if answer is None:
        return Finding(
            "Spotify API", f"{url} does not answer", "Check SPOTIFY_API_URL, DNS and the firewall."
        )
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return Finding("Spotify API", f"answers at {url}")
    return Finding(
        "Spotify API",
        f"{url} answers {answer.status_code} where Spotify answers 401",
        "Correct SPOTIFY_API_URL: it ends with /v1. If it is right, try again later.",
        serious=answer.status_code == HTTPStatus.NOT_FOUND,
    )


def mail_account(services: Services) -> Finding:
    """Whether the provider takes the key, has verified the sender's domain, and what it allows."""
    settings, subject = services.settings, "Mail account"
    if not settings.resend_api_key or not settings.mail_from:
        return Finding(subject, "not looked at: there is no key or no sender")
    key = {"Authorization": f"Bearer {settings.resend_api_key}"}
    answer = _asked(f"{settings.resend_api_url}/domains", headers=key)
    if answer is None:
        return Finding(subject, "could not be asked", "Try again later.", serious=False)
    limit = answer.headers.get("ratelimit-limit")
    allowed = f", {limit} requests a second" if limit else ""
    said = _object(answer)
    if answer.status_code in (
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.BAD_REQUEST,
    ):
        if said.get("name") == "restricted_api_key":
            return Finding(subject, f"the key can send and nothing else{allowed}")
        return Finding(
            subject,
            f"the provider refuses the key ({answer.status_code})",
            "Make a new one and set RESEND_API_KEY.",
            serious=False,
        )
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return Finding(
            subject, "its limit is reached", "E-mails wait; nothing is lost.", serious=False
        )
    if not answer.ok or "data" not in said:
        return Finding(subject, f"does not tell its domains ({answer.status_code})")
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2].lower()
    known = {str(one.get("name")).lower(): str(one.get("status")) for one in said["data"]}
    found = next((known[name] for name in known if domain in (name, f"www.{name}")), None)
    if found == "verified":
        return Finding(subject, f"{domain} is verified{allowed}")
    return Finding(
        subject,
        f"{domain} is {found or 'not known there'}",
        "Add the domain at the provider and set its DNS records, or correct MAIL_FROM.",
        serious=False,
    )


def _asked(url: str, **more: Any) -> requests.Response | None:
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, timeout=SECONDS, allow_redirects=False, **more)
    except requests.RequestException:
        return None


def _object(answer: requests.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
