"""The credentials of Spotify apps, opened for the moment they are needed."""

from __future__ import annotations

import logging
from collections.abc import Collection

from audiospective.clients.spotify import Credentials
from audiospective.models import SpotifyApp
from audiospective.models.apps import SECRET_PLACE
from audiospective.services import Services
from audiospective.vault import VaultError

NO_CREDENTIALS = Credentials("", "")

log = logging.getLogger(__name__)


def credentials(services: Services, app_ids: Collection[int]) -> dict[int, Credentials]:
    """Credentials by app id; an app whose secret cannot be opened is left out and logged."""
    found: dict[int, Credentials] = {}
    for app in SpotifyApp.select().where(SpotifyApp.id.in_(list(app_ids))):
        try:
            secret = services.vault.open(SECRET_PLACE, app.id, app.secret_sealed)
        except VaultError as error:
            log.error("app %d cannot be used: %s", app.id, error)
        else:
            found[app.id] = Credentials(app.client_id, secret)
    return found
