"""Members in the states that pages have to bear: new, empty, missing something, gone, huge."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import polars as pl

from audiospective import clock, history
from audiospective.history import append, segment
from audiospective.history.catalog import lookup, polled
from audiospective.models import Import, UnreadablePlay, User
from audiospective.models.exports import Export
from audiospective.models.gaps import Gap
from audiospective.models.plays import FROM_IMPORT
from audiospective.models.poll_log import PollLog
from audiospective.services import Services
from tests.factories import track
from tests.support import archive_states

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YEARS = 15
LONG = "A name that goes on and on, as names of tracks do " * 6  # 300 characters
TITLES = (
    "Paper Lanterns", "سماء بعيدة", "遠い海の記憶 🎻", "<script>alert(1)</script>", LONG,
    *(f"Song {number}" for number in range(60)),
)  # fmt: skip
ARTISTS = ("Nora Feld", "ليلى ناصر", "青木 鈴", "Quote & “Ampersand”", LONG, "Harbour Lights")
Make = Callable[[Services], User]


def known() -> list[int]:
    """Tracks of the catalog with difficult names."""
    facts = [track(title, ARTISTS[n % len(ARTISTS)]) for n, title in enumerate(TITLES)]
    ids = polled.remember(facts)
    return [ids[fact.spotify_id] for fact in facts]


def bring(user: User, count: int, years: float) -> None:
    """Put `count` plays of imported files into an archive, spread over `years` up to now."""
    dice, tracks = random.Random(7), known()
    now, step = clock.to_ms(clock.now() - HOUR), int(years * 365 * 86_400_000 / count)
    rows = pl.DataFrame(
        {
            "played_at": [now - n * step - dice.randrange(step) for n in range(count)],
            "track": [tracks[int(dice.random() ** 2 * len(tracks))] for _ in range(count)],
            "ms_played": [dice.choice((9_000, 31_000, 150_000, 200_000)) for _ in range(count)],
            "skipped": [dice.random() < 0.2 for _ in range(count)],
        }
    ).with_columns(source=pl.lit(FROM_IMPORT, pl.Int8), timing=pl.lit(0, pl.Int8))
    missing = [name for name in segment.COLUMNS if name not in rows.columns]
    full = rows.with_columns(pl.lit(None).alias(name) for name in missing)
    history.absorb(user.id, full.with_columns(pl.col("played_at").cast(segment.INSTANT)))


def gap(user: User, start: timedelta, end: timedelta, cause: str, **more: object) -> None:
    """From `start` before now to `end` before now."""
    now = clock.now()
    Gap.create(
        **{
            "user": user, "started_at": now - start, "probably_from": now - start,
            "ended_at": now - end, "cause": cause, "certainty": "sure", "opened_at": now - end,
            **more,
        }
    )  # fmt: skip


def with_gaps(services: Services) -> User:
    """Forty days of checks in which several things went wrong."""
    user = archive_states.connected()(services)
    now = clock.now()
    User.update(email="alice@mail.example", email_verified_at=now).execute()
    bring(user, 400, 0.3)
    gap(user, 5 * HOUR, 2 * HOUR, "overflow", certainty="possible", started_at=now - 7 * HOUR)
    gap(user, 9 * DAY, 7 * DAY, "outage")
    gap(user, 15 * DAY, 14 * DAY, "paused")
    gap(user, 30 * DAY, 29 * DAY, "late", closed_at=now - DAY, recovered=17)
    for hours in range(60):
        failed = hours in (7, 8, 30)
        PollLog.create(
            user=user, at=now - hours * HOUR, outcome="network" if failed else "ok", offered=50,
            added=0 if failed or hours % 5 else 3, took_ms=400, tries=3 if failed else 1,
        )  # fmt: skip
    UnreadablePlay.create(
        user=user, digest="d", reason="the track has no id (a local file?)",
        item='{"track": {"name": "Demo tape"}}', seen_at=now, played_at=clock.to_ms(now - DAY),
    )  # fmt: skip
    return user


def huge(services: Services) -> User:
    """Fifteen years from files and from checks, with difficult names, files on both sides."""
    user = with_gaps(services)
    now = clock.now()
    bring(user, 4_000, YEARS)
    tracks = known()
    fresh = [
        append.NewPlay(user.id, clock.to_ms(now - n * 29 * timedelta(minutes=1)), tracks[n], None)
        for n in range(30)
    ]
    append.polled(fresh)
    Export.create(
        user=user, form="bundle", status="ready", file_name="audiospective-alice.zip", key="e/1",
        size=2_800_000, plays=4_400, created_at=now, changed_at=now, expires_at=now + 7 * DAY,
    )  # fmt: skip
    Import.create(user=user, status="cancelled", created_at=now - DAY, changed_at=now)
    return user


def only_files(services: Services) -> User:
    user = archive_states.import_only(0)(services)
    bring(user, 300, 4)
    return user


MEMBERS: dict[str, Make] = {
    "new": archive_states.STATES["never polled"][1],
    "empty": archive_states.import_only(0),
    "failing": archive_states.STATES["outage"][1],
    "gaps": with_gaps,
    "disconnected": archive_states.STATES["disconnected"][1],
    "files only": only_files,
    "huge": huge,
}


def things(user: User) -> list[object]:
    """What could stand in an address of this member's: ids, files, periods."""
    newest = history.recent(user.id, 1)
    numbers: list[object] = [2]  # a step of something
    if newest:
        play = newest[0]
        names = lookup.tracks([play.track_id])[play.track_id]
        numbers += [play.track_id, names.artists[0][0], names.album_id]
    numbers += [export.id for export in Export.select().where(Export.user == user.id)]
    numbers += [one.id for one in Import.select().where(Import.user == user.id)]
    today = clock.now().date()
    texts = [str(today.year), f"{today:%Y-%m}", "all", f"{today:%G-W%V}"]
    if newest:
        texts.append(f"{clock.to_ms(newest[0].played_at)}-{newest[0].track_id}")
    return [*numbers, *texts]
