"""An invented listener with years of listening, for pictures and for looking at pages by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import polars as pl

from audiospective import clock, history
from audiospective.accounts import preferences, time_zone
from audiospective.history import append, segment
from audiospective.history.catalog import polled
from audiospective.models import Connection, User, transaction
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.plays import FROM_IMPORT
from audiospective.models.poll_log import PollLog
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts
from audiospective.sandbox.catalog import Catalog, Track
from audiospective.sandbox.habits import HABITS, day_plays
from audiospective.sandbox.plays import Play

ZONE = "Europe/Copenhagen"
YEARS = 6
CHECKED = timedelta(days=300)  # since then plays come from checks, before from a file
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GAPS = (  # (days before now, hours, cause, certainty)
    (3, 4, "overflow", "possible"),
    (46, 31, "outage", "sure"),
    (98, 8, "paused", "sure"),
)


def fill(user: User, covers: str) -> None:
    """Give a member, whose connection exists, everything that pages show.

    `covers` is where the sandbox serves pictures, with `{}` in place of the album.
    """
    now = clock.now()
    catalog = Catalog()
    ids = _remember(catalog, covers)
    plays = [play for play in _heard(now, catalog) if not _lost(play, now)]
    file: list[Play] = []
    fresh: list[Play] = []
    for play in plays:
        (file if play.played_at < clock.to_ms(now - CHECKED) else fresh).append(play)
    history.absorb(user.id, _frame(file, ids))
    for start in range(0, len(fresh), 1000):
        append.polled([
            append.NewPlay(user.id, play.played_at, ids[play.track.id], None)
            for play in fresh[start : start + 1000]
            if play.track and not play.hidden
        ])  # fmt: skip
    with transaction():
        time_zone.choose(user.id, ZONE)
        preferences.save(user.id, {"theme": "system"})
        User.update(
            founding_number=614, email="juniper@example.org", email_verified_at=now,
            created_at=now - CHECKED,
        ).where(User.id == user.id).execute()  # fmt: skip
        Connection.update(
            authorized_at=now - 100 * DAY, last_polled_at=now - HOUR / 5,
            last_success_at=now - HOUR / 5, next_poll_at=now + HOUR / 2,
            newest_play_at=now - HOUR / 4, reauth_due_at=now + 80 * DAY,
        ).where(Connection.user == user.id).execute()  # fmt: skip
    _checks(user, now)


def _remember(catalog: Catalog, covers: str) -> dict[str, int]:
    told = [_facts(track, covers) for track in catalog.tracks.values()]
    return polled.remember(told)


def _facts(track: Track, covers: str) -> TrackFacts:
    album = track.album
    return TrackFacts(
        spotify_id=track.id,
        name=track.name,
        artists=tuple(ArtistFacts(one.id, one.name) for one in track.artists),
        album=AlbumFacts(
            album.id, album.name or "Untitled", album.kind, album.release_date, album.precision,
            len(album.tracks), covers.format(album.id),
        ),
        duration_ms=track.duration_ms,
        isrc=track.isrc,
        track_number=track.number,
    )  # fmt: skip


def _heard(now: datetime, catalog: Catalog) -> Iterator[Play]:
    """Every play; what is dear changes every other year, and a little of before stays."""
    zone, last = ZoneInfo(ZONE), now.astimezone(ZoneInfo(ZONE)).date()
    day = last - timedelta(days=round(YEARS * 365.25))
    dice = Random("invented")
    while day <= last:
        era = day.toordinal() // 600 - (1 if dice.random() < 0.25 else 0)
        habit = HABITS["night" if day.weekday() >= 4 and dice.random() < 0.5 else "steady"]
        found = day_plays("invented", f"juniper-{era}", habit, zone, day, catalog)
        yield from (play for play in found if play.played_at < clock.to_ms(now - HOUR / 5))
        day += DAY


def _lost(play: Play, now: datetime) -> bool:
    ago = now - clock.from_ms(play.played_at)
    return any(days * DAY - hours * HOUR < ago < days * DAY for days, hours, *_ in GAPS)


def _frame(plays: list[Play], ids: dict[str, int]) -> pl.DataFrame:
    known = [play for play in plays if play.track and play.hidden != "podcast"]
    rows = pl.DataFrame(
        {
            "played_at": [play.played_at for play in known],
            "track": [ids[play.track.id] for play in known if play.track],
            "ms_played": [play.ms_played for play in known],
            "skipped": [play.skipped for play in known],
            "reason_end": ["fwdbtn" if play.skipped else "trackdone" for play in known],
            "shuffle": [play.shuffle for play in known],
        }
    ).with_columns(source=pl.lit(FROM_IMPORT, pl.Int8), timing=pl.lit(0, pl.Int8))
    missing = [name for name in segment.COLUMNS if name not in rows.columns]
    full = rows.with_columns(pl.lit(None).alias(name) for name in missing)
    return full.with_columns(pl.col("played_at").cast(segment.INSTANT))


def _checks(user: User, now: datetime) -> None:
    Coverage.begin(user.id, now - CHECKED)
    for days, hours, cause, certainty in GAPS:
        start, end = now - days * DAY, now - days * DAY + hours * HOUR
        Gap.create(
            user=user, started_at=start, probably_from=start, ended_at=end, cause=cause,
            certainty=certainty, opened_at=end,
        )  # fmt: skip
        Coverage.cut(user.id, start, end)
    dice = Random("checks")
    for back in range(72):
        failed = back in (30, 31)
        PollLog.create(
            user=user, at=now - back * HOUR - HOUR / 5, outcome="network" if failed else "ok",
            offered=50, added=0 if failed else dice.choice((0, 0, 0, 3, 7, 12)),
            took_ms=dice.randrange(180, 700), tries=3 if failed else 1,
        )  # fmt: skip
