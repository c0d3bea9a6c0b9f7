"""Spotify apps: the environment's, and those that members bring."""

from __future__ import annotations

import re
from contextlib import suppress
from enum import StrEnum

from peewee import IntegrityError
from redis.exceptions import RedisError

from audiospective import clock
from audiospective.clients.consent import Consent
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import Credentials, SpotifyError
from audiospective.incidents import outage
from audiospective.models import Connection, SpotifyApp, User, transaction
from audiospective.models.apps import BY_IDS, ENVIRONMENT_APP, SECRET_PLACE
from audiospective.models.base import LONG_AGO
from audiospective.models.connections import DISCONNECTED
from audiospective.models.counters import Counter
from audiospective.models.dialects import locked, numbered_by_hand
from audiospective.policy.failures import Failure
from audiospective.polling import coverage
from audiospective.polling.call_quota import CALLS, LIMITED_BY
from audiospective.services import Services
from audiospective.settings import DEVELOPMENT_SEATS
from audiospective.vault import VaultError

TEST_SECONDS = 10.0
# The dashboard shows 32 hexadecimal digits; more is let through, since nobody promises that.
_SHAPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,127}")


class Trouble(StrEnum):
    """Why an app was not taken."""

    ID_SHAPE = "id_shape"
    SECRET_SHAPE = "secret_shape"  # noqa: S105 - the name of a fault
    REFUSED = "refused"  # Spotify does not know the pair
    REDIRECT = "redirect"  # the pair is right, but the way back is not registered
    NOT_REACHED = "not_reached"
    IN_USE = "in_use"  # somebody else keeps it here, or it is the server's own


def credentials(services: Services, app: SpotifyApp) -> Credentials:
    """An app's id and secret; raises VaultError if the secret cannot be opened."""
    secret = services.vault.decrypt(SECRET_PLACE, app.id, app.secret_encrypted)
    return Credentials(app.client_id, secret)


def environment_app(services: Services) -> SpotifyApp:
    """The app that the environment names: row 1, made or brought up to date if it differs."""
    app: SpotifyApp | None = next(iter(BY_IDS.run(app_ids=[ENVIRONMENT_APP])), None)
    if app is None or _differs(services, app):
        with transaction():
            _sync(services)
        (app,) = BY_IDS.run(app_ids=[ENVIRONMENT_APP])
    return app


def app_of(services: Services, user: User | None) -> SpotifyApp:
    """The app through which this person connects: their own if they have one."""
    own = user and own_app(user)
    return own or environment_app(services)


def own_app(user: User) -> SpotifyApp | None:
    found: SpotifyApp | None = SpotifyApp.get_or_none(SpotifyApp.owner == user.id)
    return found


def is_used(app: SpotifyApp) -> bool:
    """Whether its owner is connected through it; one who has disconnected since is not."""
    through = (Connection.user == app.owner_id) & (Connection.app == app.id)
    connected = through & (Connection.status != DISCONNECTED)
    return bool(Connection.select(Connection.user).where(connected).exists())


def keep_own(services: Services, user: User, client_id: str, secret: str) -> Trouble | None:
    """Test a pair with Spotify and keep it, encrypted, as this person's app; None when it is kept.

    An app that is replaced takes its consent along: tokens never cross apps.
    """
    client_id, secret = client_id.strip(), secret.strip()
    if not _SHAPE.fullmatch(client_id):
        return Trouble.ID_SHAPE
    if not _SHAPE.fullmatch(secret):
        return Trouble.SECRET_SHAPE
    if trouble := _tested(services, Credentials(client_id, secret)):
        return trouble
    environment = environment_app(services)  # row 1 is there before any other
    if client_id == environment.client_id:
        return Trouble.IN_USE
    try:
        with transaction():
            _take_turns(user)
            own = own_app(user)
            if own is not None and own.client_id != client_id:
                _remove(own)
                own = None
            if own is None:
                own = SpotifyApp.create(
                    owner=user,
                    client_id=client_id,
                    secret_encrypted="",
                    seats=DEVELOPMENT_SEATS,
                    created_at=clock.now(),
                )
            own.secret_encrypted = services.vault.encrypt(SECRET_PLACE, own.id, secret)
            own.blocked_until = LONG_AGO
            own.block_reason = None
            own.save()
    except IntegrityError:
        return Trouble.IN_USE
    with suppress(RedisError):  # the row is what lasts; a block in Redis ends by itself
        services.blocked_apps.lift(own.id)
    return None


def remove_own(user: User) -> bool:
    """Forget this person's app and the consent given through it; False if there is none."""
    with transaction():
        own = own_app(user)
        if own is None:
            return False
        _remove(own)
    return True


def _tested(services: Services, app: Credentials) -> Trouble | None:
    try:
        services.spotify.app_token(app, Deadline(TEST_SECONDS))
    except SpotifyError as error:
        return Trouble.REFUSED if error.failure is Failure.APP else Trouble.NOT_REACHED
    settings = services.settings
    consent = Consent(settings.spotify_accounts_url, app, settings.callback_url)
    complaint = consent.complaint(Deadline(TEST_SECONDS)) or ""
    return Trouble.REDIRECT if "redirect" in complaint.casefold() else None


def _take_turns(user: User) -> None:
    """Two forms sent at once must not make two apps."""
    # A check that writes plays meanwhile refers to the row, and holds what is changed next.
    locked(User.select(User.id).where(User.id == user.id), referable=True).get()


def _remove(app: SpotifyApp) -> None:
    """Tokens of this app are worthless without it; the connection waits for another.

    For what was known until then it is as if the member had disconnected.
    """
    used = is_used(app)
    Connection.update(  # before coverage, as in a check
        app=ENVIRONMENT_APP,
        status=DISCONNECTED,
        access_encrypted="",
        refresh_encrypted="",
        access_expires_at=LONG_AGO,
        fence=Connection.fence + 1,
    ).where(Connection.app == app.id).execute()
    if used:
        coverage.interrupt(app.owner_id)
    Counter.delete().where(
        (Counter.name == f"{CALLS}{app.id}") | Counter.name.startswith(f"{LIMITED_BY}{app.id}:")
    ).execute()
    outage.forget_app(app.id)
    app.delete_instance()


def _differs(services: Services, app: SpotifyApp) -> bool:
    settings = services.settings
    if (app.client_id, app.mode, app.seats) != (
        settings.spotify_client_id,
        settings.spotify_app_mode,
        settings.spotify_seats,
    ):
        return True
    return _secret(services, app) != settings.spotify_client_secret


def _secret(services: Services, app: SpotifyApp) -> str | None:
    try:
        return credentials(services, app).client_secret
    except VaultError:  # encrypted with a key that is gone; the environment knows it anew
        return None


def _sync(services: Services) -> None:
    settings = services.settings
    query = SpotifyApp.select().where(SpotifyApp.id == ENVIRONMENT_APP)
    app = locked(query).first()
    if app is None:
        SpotifyApp.insert(
            id=ENVIRONMENT_APP,
            client_id=settings.spotify_client_id,
            secret_encrypted="",
            created_at=clock.now(),
        ).on_conflict_ignore().execute()
        numbered_by_hand("spotify_apps")
    elif app.client_id != settings.spotify_client_id:
        _retire(services, app)
    SpotifyApp.update(
        client_id=settings.spotify_client_id,
        secret_encrypted=services.vault.encrypt(
            SECRET_PLACE, ENVIRONMENT_APP, settings.spotify_client_secret
        ),
        mode=settings.spotify_app_mode,
        seats=settings.spotify_seats,
    ).where(SpotifyApp.id == ENVIRONMENT_APP).execute()
    # What Spotify refused was the app as it stood before.
    lifted = (
        SpotifyApp.update(blocked_until=LONG_AGO, block_reason=None)
        .where((SpotifyApp.id == ENVIRONMENT_APP) & (SpotifyApp.block_reason == Failure.APP.value))
        .execute()
    )
    if lifted:
        services.blocked_apps.lift(ENVIRONMENT_APP)


def _retire(services: Services, app: SpotifyApp) -> None:
    """The environment names another client id: what was granted to the old one stays with it.

    A refresh token works for the app it was issued to and no other, so those connections go on
    through a row of the old app until they are renewed.
    """
    secret = _secret(services, app) or ""
    returning = SpotifyApp.get_or_none(SpotifyApp.client_id == services.settings.spotify_client_id)
    old_id = app.client_id
    SpotifyApp.update(client_id=f"moving:{old_id}").where(SpotifyApp.id == app.id).execute()
    kept = SpotifyApp.create(
        client_id=old_id,
        secret_encrypted="",
        mode=app.mode,
        seats=app.seats,
        blocked_until=app.blocked_until,
        block_reason=app.block_reason,
        created_at=app.created_at,
    )
    kept.secret_encrypted = services.vault.encrypt(SECRET_PLACE, kept.id, secret)
    kept.save()
    Connection.update(app=kept.id).where(Connection.app == app.id).execute()
    SpotifyApp.update(blocked_until=LONG_AGO, block_reason=None).where(
        SpotifyApp.id == app.id
    ).execute()
    if returning is not None:
        Connection.update(app=app.id).where(Connection.app == returning.id).execute()
        returning.delete_instance()
