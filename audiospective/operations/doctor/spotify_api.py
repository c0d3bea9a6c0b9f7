"""Whether Spotify's API is reached, and takes the address that a sign-in comes back to."""

from __future__ import annotations

from http import HTTPStatus

from audiospective.operations.doctor.finding import Finding
from audiospective.operations.doctor.requesting import ask
from audiospective.services import Services


def redirect(services: Services) -> Finding:
    """Spotify shows an error page at once for a redirect URI that is not registered."""
    settings = services.settings
    uri = settings.callback_url
    asked = {"client_id": settings.spotify_client_id, "response_type": "code", "redirect_uri": uri}
    register = f"Register exactly {uri} with the app, at developer.spotify.com/dashboard."
    if not settings.spotify_client_id:
        return Finding("Redirect URI", f"{uri}, once there is an app", register, serious=False)
    answer = ask(f"{settings.spotify_accounts_url}/authorize", params=asked)
    if answer is None:
        return Finding("Redirect URI", f"{uri} could not be tried", register, serious=False)
    if answer.status_code == HTTPStatus.BAD_REQUEST and "redirect" in answer.text.lower():
        return Finding("Redirect URI", f"Spotify refuses {uri}", register)
    return Finding(
        "Redirect URI", f"{uri} is not refused (some faults show after the sign-in only)"
    )


def reached(services: Services) -> Finding:
    """Without a token the API has to answer 401; anything else is not Spotify's API."""
    url = services.settings.spotify_api_url
    answer = ask(f"{url}/me")
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
