"""An archive with something of everything, its bundle, and what must be equal after a restore."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from audiospective import clock, history
from audiospective.exports.bundle import writing
from audiospective.exports.formats import FORMATS
from audiospective.history import removal, segment
from audiospective.history.catalog import polled, track_facts
from audiospective.models import Import, RemovedPlay, UnreadablePlay, User
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts
from tests.exports.making import ID, NOW, archive, hard_plays, imported, taken, untakeable_plays

NUMBERS = ("track", *track_facts.KEYS)  # of a database, of no meaning in another
BEGAN = datetime(2025, 1, 1, tzinfo=UTC)


def described(number: int) -> int:
    """A track that Spotify has told everything of."""
    told = TrackFacts(
        ID(900 + number),
        f"Description {number}",
        artists=(ArtistFacts(ID(700), "Twin"), ArtistFacts(ID(701), "Twin")),
        album=AlbumFacts(ID(800), "Told", "album", "2019-05", "month", 9,
                         "https://i.scdn.co/image/" + "ab67616d0000b273" + "0" * 24),
        duration_ms=201_000,
        explicit=True,
        isrc="QZES11234567",
        disc_number=1,
        track_number=number,
    )  # fmt: skip
    return polled.remember([told])[told.spotify_id]


def full(name: str = "alice", many: int = 0) -> User:
    """A member with plays, deletions, gaps, coverage, oddities, an import and settings."""
    start = datetime(2025, 2, 1, tzinfo=UTC)
    tracks = [described(number) for number in range(3)]
    more = [imported(start + timedelta(minutes=4 * n), tracks[n % 3]) for n in range(150 + many)]
    user = User.get_by_id(archive(*hard_plays(), *untakeable_plays(), *more, name=name))
    row = Import.create(user=user, status="done", created_at=NOW, changed_at=NOW, rows=0)
    keys = [(play["played_at"], play["track"]) for play in more[:3]]
    removal.remove(user.id, keys)
    RemovedPlay.update(kept='{"source":2,"timing":5}').where(
        RemovedPlay.played_at == keys[0][0]
    ).execute()
    RemovedPlay.update(kept=None).where(RemovedPlay.played_at == keys[1][0]).execute()
    Coverage.create(user=user, started_at=BEGAN, ended_at=datetime(2025, 3, 1, tzinfo=UTC))
    Coverage.create(user=user, started_at=datetime(2025, 3, 3, tzinfo=UTC),
                    ended_at=datetime(2025, 8, 5, 1, 2, 3, 4_000, tzinfo=UTC))  # fmt: skip
    for number, closed in enumerate((None, NOW)):
        Gap.create(
            user=user,
            started_at=datetime(2025, 3, 1 + number, tzinfo=UTC),
            probably_from=datetime(2025, 3, 1 + number, 12, tzinfo=UTC),
            ended_at=datetime(2025, 3, 2 + number, tzinfo=UTC),
            cause="outage",
            certainty="possible",
            opened_at=datetime(2025, 3, 3, tzinfo=UTC),
            closed_at=closed,
            closed_by_import=row.id if closed else None,
            recovered=number,
        )  # fmt: skip
    UnreadablePlay.create(user=user, digest="a" * 64, reason="no track", item='{"x": 1}',
                          played_at=clock.to_ms(NOW), seen_at=NOW)  # fmt: skip
    User.update(timezone="Europe/Copenhagen", preferences='{"zone_chosen": true}').where(
        User.id == user.id
    ).execute()
    return User.get_by_id(user.id)


def bundle(user: User, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return writing.write(user, taken(user.id, folder), folder, statistics=True)


def plays(user_id: int) -> pl.DataFrame:
    """Every play with all that is known of it, without numbers of the database."""
    return _told(history.frame(user_id))


def deleted(user_id: int) -> list[tuple[Any, ...]]:
    """Tombstones: which play, when it was deleted, and what stays known if it cannot be undone."""
    names = dict(
        track_facts.of(
            pl.Series([one.track for one in _stones(user_id)], dtype=pl.Int32)
        ).select("track", "title").rows()
    )  # fmt: skip
    return [
        (
            one.played_at,
            names[one.track],
            one.removed_at,
            removal.whole(one.kept) is not None or one.kept,
        )
        for one in _stones(user_id)
    ]


def state(user_id: int) -> dict[str, Any]:
    """Gaps, coverage, oddities and settings, without the numbers of imports."""
    gaps = Gap.select().where(Gap.user == user_id).order_by(Gap.ended_at).dicts()
    user = User.get_by_id(user_id)
    return {
        "gaps": [
            {name: value for name, value in one.items() if name not in ("id", "user")}
            | {"closed_by_import": one["closed_by_import"] is not None}
            for one in gaps
        ],
        "coverage": list(
            Coverage.select(Coverage.started_at, Coverage.ended_at)
            .where(Coverage.user == user_id).order_by(Coverage.started_at).tuples()
        ),
        "unreadable": list(
            UnreadablePlay.select(UnreadablePlay.digest, UnreadablePlay.item,
                                  UnreadablePlay.played_at, UnreadablePlay.seen_at)
            .where(UnreadablePlay.user == user_id).tuples()
        ),
        "settings": (user.timezone, user.preferences),
    }  # fmt: skip


def sums(user_id: int, folder: Path) -> dict[str, bytes]:
    """Every format but Parquet, which has the numbers of the database: byte for byte."""
    folder.mkdir()
    snapshot = taken(user_id, folder)
    made = {}
    for name, form in FORMATS.items():
        for part in () if name == "parquet" else form.parts(snapshot, None):
            with (folder / "part").open("wb") as out:
                part.write(out)
            made[f"{name}/{part.path}"] = (folder / "part").read_bytes()
    return made


def _told(frame: pl.DataFrame) -> pl.DataFrame:
    facts = track_facts.of(frame["track"])
    told = frame.with_columns(pl.col("import_id").is_not_null()).join(facts, on="track")
    order = [*segment.KEY[:1], "title", "spotify_id"]
    return told.drop(NUMBERS).sort(order, maintain_order=True)


def _stones(user_id: int) -> list[RemovedPlay]:
    rows = RemovedPlay.select().where(RemovedPlay.user == user_id)
    return list(rows.order_by(RemovedPlay.played_at))
