"""Whether Spotify knows the app."""

from __future__ import annotations

from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import Credentials, SpotifyError
from audiospective.operations.doctor.finding import Finding
from audiospective.operations.doctor.requesting import SECONDS
from audiospective.policy.failures import Failure
from audiospective.services import Services


def look(services: Services) -> Finding:
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
