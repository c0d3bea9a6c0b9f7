"""Founding places and Spotify seats as they stand now."""

from __future__ import annotations

from datetime import datetime

from peewee import fn

from audiospective import clock
from audiospective.models import Connection
from audiospective.models.apps import ENVIRONMENT_APP, SpotifyApp
from audiospective.models.connections import DISCONNECTED
from audiospective.models.founding import ONLY, FoundingRegister
from audiospective.models.waitlist import WaitlistEntry
from audiospective.policy.founding import Admission, Places
from audiospective.services import Services


def places(services: Services) -> Places:
    """Founding places and seats of the environment's app."""
    return _counted(services, ENVIRONMENT_APP, services.settings.spotify_seats, clock.now())


def places_of(services: Services, app: SpotifyApp, now: datetime) -> Places:
    """Founding places, and the seats of the app that somebody comes through."""
    return _counted(services, app.id, app.seats, now)


def next_number(register: FoundingRegister, admission: Admission) -> int | None:
    """The next founding number, if one is due; `register` is locked by this transaction."""
    if not admission.founding:
        return None
    register.last_number += 1
    FoundingRegister.update(last_number=register.last_number).where(
        FoundingRegister.id == ONLY
    ).execute()
    return int(register.last_number)


def _counted(services: Services, app_id: int, seats: int | None, now: datetime) -> Places:
    held, seats_held = WaitlistEntry.held(now)
    connected = (
        Connection.select(fn.COUNT(Connection.user))
        .where(Connection.app == app_id, Connection.status != DISCONNECTED)
        .scalar()
    )
    return Places(
        cap=services.settings.founding_member_cap,
        taken=FoundingRegister.taken(),
        held=held,
        seats=seats,
        seats_taken=int(connected),
        seats_held=seats_held if app_id == ENVIRONMENT_APP else 0,
    )
