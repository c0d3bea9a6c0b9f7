"""Two long archives for `bench pages`: filled once, or taken from a file that was kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from audiospective import clock, models
from audiospective.accounts import spotify_app
from audiospective.bench.cataloging import catalog_rows
from audiospective.bench.filling import archive
from audiospective.bench.listening import Catalog
from audiospective.bench.measuring import Echo
from audiospective.bench.scratch import member
from audiospective.history import append
from audiospective.models import Connection, User
from audiospective.models.coverage import Coverage
from audiospective.policy.plays import AlbumFacts, ArtistFacts, Page, PolledPlay, TrackFacts
from audiospective.services import Services

YEARS = 15.0
SIZES = (200_000, 1_000_000)
SMALL = (20_000,)
TRACKS = (120_000, 10_000)  # of the catalog, and of a small one
OTHER = 1_000  # the number of a member who is polled while others look at pages
RECENT = 120  # plays of the last days that stand in rows, as between two sealings


def kept(file: Path, url: str, echo: Echo, *, small: bool) -> None:
    """Fill the bound SQLite database `url` from `file`, or fill it anew and keep it there."""
    target = Path(url.removeprefix("sqlite:///"))
    if file.exists():
        _copied(file, target)
        models.migrate()
        return
    fill(echo, small=small)
    _copied(target, file)
    echo(f"kept in {file}, {file.stat().st_size / 1e6:.0f} MB")


def _copied(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as copy:
        one.backup(copy)


def fill(echo: Echo, *, small: bool) -> None:
    """A catalog, one archive of each size, and somebody who is polled; into the bound database."""
    began = clock.monotonic()
    catalog = Catalog.of(TRACKS[small])
    catalog_rows(catalog)
    for number, plays in enumerate(SMALL if small else SIZES):
        archive(catalog, number, plays, YEARS, full=False)
    member(OTHER)
    echo(f"filled in {clock.monotonic() - began:.0f} s")


def listeners() -> list[int]:
    """Who has a long life, the shorter one first."""
    users = User.select().where(User.spotify_account_id != f"bench-{OTHER}").order_by(User.id)
    return [int(user.id) for user in users]


def other() -> int:
    """Who is polled meanwhile."""
    return int(User.get(User.spotify_account_id == f"bench-{OTHER}").id)


def connect(services: Services, user_id: int) -> None:
    """Let checks have been made until just now, with plays of the last days in rows."""
    now = clock.now()
    began = now - timedelta(days=365)  # a consent of the last days would be news on the dashboard
    Connection.create(
        user=user_id, app=spotify_app.environment_app(services), scope="", authorized_at=began,
        reauth_due_at=now + timedelta(days=180), next_poll_at=now + timedelta(minutes=30),
        last_polled_at=now, last_success_at=now,
    )  # fmt: skip
    Coverage.begin(user_id, began)
    for back in range(RECENT, 0, -1):
        listen(user_id, clock.to_ms(now - back * timedelta(minutes=30)))


def listen(user_id: int, at: int) -> None:
    """One more play, that ended at `at` (ms), as a poll stores it."""
    name = f"{at // 1000 % 97:022}"
    facts = TrackFacts(
        name, name, artists=(ArtistFacts("a" * 22, "Polls"),),
        album=AlbumFacts("b" * 22, "Polls"), duration_ms=180_000,
    )  # fmt: skip
    page = Page((PolledPlay(at, facts),), offered=1)
    tracks = append.remember(page.plays)
    with models.transaction():
        append.page(user_id, page, tracks)
