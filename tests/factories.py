"""People, apps and plays for tests; alice, bob and charlie are owner, friend and stranger."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from audiospective import clock
from audiospective.accounts import spotify_app
from audiospective.models import Connection, SpotifyApp, User
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.policy.plays import AlbumFacts, ArtistFacts, Page, PolledPlay, TrackFacts
from audiospective.services import Services


def make_user(name: str = "alice", **values: Any) -> User:
    return User.create(
        **{
            "spotify_account_id": f"account-{name}",
            "spotify_id": name,
            "display_name": name.title(),
            "minute_offset": 0,
            "session_key": secrets.token_hex(8),
            "created_at": clock.now(),
            **values,
        }
    )


def make_connection(
    services: Services, user: User, *, app: SpotifyApp | None = None, **values: Any
) -> Connection:
    """A connection that is due, with a fresh access token "access-<id>" and "refresh-<id>"."""
    now = clock.now()
    encrypt = services.vault.encrypt
    return Connection.create(
        **{
            "user": user,
            "app": app or spotify_app.environment_app(services),
            "scope": "user-read-recently-played",
            "access_encrypted": encrypt(ACCESS_PLACE, user.id, f"access-{user.id}"),
            "access_expires_at": now + timedelta(hours=1),
            "refresh_encrypted": encrypt(REFRESH_PLACE, user.id, f"refresh-{user.id}"),
            "authorized_at": now - timedelta(days=1),
            "reauth_due_at": now + timedelta(days=180),
            "next_poll_at": now - timedelta(minutes=1),
            **values,
        }
    )


def connected(services: Services, name: str = "alice", **values: Any) -> Connection:
    """A new person with a connection that is due."""
    return make_connection(services, make_user(name), **values)


def crowd(services: Services, size: int, **values: Any) -> list[Connection]:
    """`size` people, all due."""
    return [connected(services, f"listener{number}", **values) for number in range(size)]


def track(name: str = "Slack Water", artist: str = "Harbour Lights") -> TrackFacts:
    """A track whose ids follow from its name."""
    return TrackFacts(
        spotify_id=_id(f"t{name}"),
        name=name,
        artists=(ArtistFacts(_id(f"a{artist}"), artist),),
        album=AlbumFacts(_id(f"b{artist}"), f"{artist} sings"),
        duration_ms=200_000,
    )


def play(at: datetime, name: str = "Slack Water") -> PolledPlay:
    return PolledPlay(clock.to_ms(at), track(name))


def page(*plays: PolledPlay) -> Page:
    return Page(tuple(plays), offered=len(plays))


def listening(until: datetime, count: int, *, minutes: float = 3, prefix: str = "Song") -> Page:
    """A page of `count` plays of different tracks, one after the other, the last at `until`."""
    return page(
        *(
            play(until - timedelta(minutes=minutes * back), f"{prefix} {count - back}")
            for back in range(count)
        )
    )


def _id(text: str) -> str:
    return "".join(char for char in text.encode().hex() if char.isalnum())[:40].ljust(22, "0")
