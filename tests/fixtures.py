"""Services and people for tests of actions, jobs and pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audiospective.services import Services
from audiospective.settings import Settings
from tests.fakes import FakeSpotify
from tests.support.redis import hang_up

TOKEN_KEY = "5c0hW9hYJtYc4m3v4fVgQx5o3jH1bq8m1l6D9y3Zk2E="


def make_settings(home: Path, database_url: str, redis_url: str, **more: object) -> Settings:
    """Settings as an operator would have them; `more` overrides fields."""
    base = Settings.from_env(
        {
            "AUDIOSPECTIVE_HOME": str(home),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": "s" * 40,
            "TOKEN_KEYS": TOKEN_KEY,
            "SPOTIFY_CLIENT_ID": "sandbox-client",
            "SPOTIFY_CLIENT_SECRET": "sandbox-secret",
            "SPOTIFY_SEATS": "100000",
            "MAIL_FROM": "Audiospective <mail@archive.example>",
        }
    )
    return replace(base, **more)  # type: ignore[arg-type]


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    """Settings for both kinds of database and a real Redis."""
    return make_settings(tmp_path / "home", database_url, redis_url)


@pytest.fixture
def spotify() -> FakeSpotify:
    """A Spotify that answers what the test tells it to."""
    return FakeSpotify()


@pytest.fixture
def services(settings: Settings, spotify: FakeSpotify) -> Iterator[Services]:
    """Everything an action needs, on a fresh database, with a scripted Spotify."""
    built = replace(Services.build(settings), spotify=spotify)  # type: ignore[arg-type]
    with built.database.connection_context():
        yield built
    hang_up(built.redis)
