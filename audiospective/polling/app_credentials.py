"""The credentials of Spotify apps, opened for the moment they are needed."""

from __future__ import annotations

from collections.abc import Collection

from audiospective import log
from audiospective.clients.spotify import Credentials
from audiospective.models import SpotifyApp
from audiospective.models.apps import SECRET_PLACE
from audiospective.services import Services
from audiospective.vault import VaultError

NO_CREDENTIALS = Credentials("", "")


def credentials(services: Services, app_ids: Collection[int]) -> dict[int, Credentials]:
    """Credentials by app id; an app whose secret cannot be opened is left out and logged."""
    found: dict[int, Credentials] = {}
    for app in SpotifyApp.select().where(SpotifyApp.id.in_(list(app_ids))):
        try:
            secret = services.vault.open(SECRET_PLACE, app.id, app.secret_sealed)
        except VaultError as error:
            log.trouble("app_secret_not_opened", error, app=app.id)
        else:
            found[app.id] = Credentials(app.client_id, secret)
    return found
