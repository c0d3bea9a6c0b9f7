"""The newest plays as plain values, with the gaps between them, ready to be listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby

from audiospective.history import recent_plays
from audiospective.history.recent_plays import RecentPlay
from audiospective.policy.archive_state import ArchiveState, Missing
from audiospective.web import music_links
from audiospective.web.figures.lines import Line
from audiospective.web.filters import local

SHOWN = 12
SHORT = timedelta(minutes=1)  # of a gap that is not worth a row


@dataclass(frozen=True)
class PlayLine:
    """One play of the list; `at` is when it ended, `album` its name and address."""

    at: datetime
    item: Line
    album: tuple[str, str | None] | None = None


@dataclass(frozen=True)
class GapLine:
    """A stretch between two plays in which plays may be missing; `at` is where it ends."""

    at: datetime
    gap: Missing


Row = PlayLine | GapLine


def plays(user_id: int) -> list[PlayLine]:
    """The newest plays, newest first."""
    return [_line(play) for play in recent_plays.recent(user_id, SHOWN)[:SHOWN]]


def with_gaps(lines: Sequence[PlayLine], state: ArchiveState, now: datetime) -> list[Row]:
    """The plays, and each open gap where it ends; gaps before the oldest play are left out."""
    if not lines:
        return []
    found: list[Row] = list(lines)
    for gap in state.open_gaps:
        end = gap.ended_at or now
        if end > lines[-1].at and end - gap.begins_at >= SHORT:
            found.append(GapLine(end, gap))
    return sorted(found, key=lambda one: (one.at, isinstance(one, GapLine)), reverse=True)


def by_day(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Rows under the day on which they ended, in the reader's zone."""
    return [(day, list(group)) for day, group in groupby(rows, lambda one: local(one.at, "day"))]


def stamp(rows: Sequence[Row]) -> str:
    """A mark that changes when the list does, so that an unchanged one is not sent again."""
    facts = "|".join(
        f"{row.at.isoformat()} {row.item.title}"
        if isinstance(row, PlayLine)
        else f"gap {row.gap.begins_at.isoformat()}"
        for row in rows
    )
    return sha256(facts.encode()).hexdigest()[:12]


def _line(play: RecentPlay) -> PlayLine:
    return PlayLine(
        at=play.played_at,
        item=Line(
            title=play.title or "(unknown)",
            href=music_links.page("track", play.track_id),
            by=tuple((name, music_links.page("artist", who)) for who, name in play.artists),
            cover_url=play.image_url,
            spotify_url=music_links.spotify(play.kind, play.spotify_id),
        ),
        album=(play.album, music_links.page("album", play.album_id))
        if play.album and play.album_id
        else None,
    )
