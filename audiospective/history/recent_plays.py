"""The newest plays with their names, and how many there are; columns are read only if needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from peewee import SQL, Case, fn

from audiospective import clock
from audiospective.history import hot_tail
from audiospective.history.catalog import lookup
from audiospective.history.catalog.lookup import TrackNames
from audiospective.models import Play, PlaySegment

ROW = 110  # bytes of a play in a row, with its key; `capacity` measures it

Found = tuple[int, int, int, int | None, str | None]  # played_at, track, source, ms_played, context


@dataclass(frozen=True)
class RecentPlay:
    """One play as a page shows it; `artists` are (id, name), ids are the catalog's."""

    played_at: datetime  # its end, aware, UTC
    track_id: int
    spotify_id: str | None
    kind: str
    title: str
    artists: list[tuple[int, str]]
    album_id: int | None
    album: str | None
    image_url: str | None
    duration_ms: int | None
    ms_played: int | None
    source: int  # models.plays: FROM_POLL, FROM_IMPORT, FROM_BOTH
    context: str | None  # Spotify URI


def recent(user_id: int, limit: int = 20, before: datetime | None = None) -> list[RecentPlay]:
    """The `limit` newest plays that ended before `before` (aware), newest first.

    Plays of one and the same millisecond stay on one page, so a page may be a little longer and
    the last one's `played_at` is the right `before` of the next page.
    """
    return named(newest(user_id, limit, before))


def newest(user_id: int, limit: int, before: datetime | None = None) -> list[Found]:
    """The same without names; one query unless a segment has to be opened."""
    end = None if before is None else clock.to_ms(before)
    found, sealed_until = _from_rows(user_id, limit, end)
    if sealed_until is not None and (len(found) < limit or sealed_until >= found[-1][0]):
        from audiospective.history.reading import newest as read

        return read(user_id, limit, end)
    return found


def named(
    found: Sequence[Found], known: Mapping[int, TrackNames] | None = None
) -> list[RecentPlay]:
    """Plays with what their tracks are called; `known` are names that the caller has already."""
    wanted = {play[1] for play in found}
    tracks = {**(known or {}), **lookup.tracks(wanted - (known or {}).keys())}
    return [
        RecentPlay(
            played_at=clock.from_ms(played_at),
            track_id=track_id,
            spotify_id=tracks[track_id].spotify_id,
            kind=tracks[track_id].kind,
            title=tracks[track_id].title,
            artists=tracks[track_id].artists,
            album_id=tracks[track_id].album_id,
            album=tracks[track_id].album,
            image_url=tracks[track_id].image_url,
            duration_ms=tracks[track_id].duration_ms,
            ms_played=ms_played,
            source=source,
            context=context,
        )
        for played_at, track_id, source, ms_played, context in found
    ]


def total(user_id: int) -> int:
    """How many plays the archive holds of one person; one query where no play came late."""
    sealed = PlaySegment.select(fn.MAX(PlaySegment.last_at)).where(PlaySegment.user == user_id)
    plays = PlaySegment.select(fn.SUM(PlaySegment.plays)).where(PlaySegment.user == user_id)
    late = fn.SUM(Case(None, [(Play.played_at <= sealed, 1)], 0))
    query = hot_tail.plays(user_id).select(fn.COUNT(SQL("*")), late, sealed, plays)
    rows, old, newest_sealed, in_segments = query.tuples().get()
    if newest_sealed is None:
        return int(rows)
    if not old:
        return int(in_segments) + int(rows)
    # Late plays: a row may repeat one that is sealed, only the keys can tell.
    from audiospective.history.reading import repeated

    return int(in_segments) + int(rows) - repeated(user_id, newest_sealed + 1)


def footprint(user_id: int) -> int:
    """About how many bytes somebody's plays take; one query that opens nothing."""
    files = PlaySegment.select(fn.SUM(PlaySegment.size)).where(PlaySegment.user == user_id)
    rows, size = hot_tail.plays(user_id).select(fn.COUNT(SQL("*")), files).tuples().get()
    return int(size or 0) + int(rows) * ROW


def _from_rows(user_id: int, limit: int, end: int | None) -> tuple[list[Found], int | None]:
    """The newest rows, ties included, and until when segments before `end` reach."""
    sealed = PlaySegment.select(fn.MAX(PlaySegment.last_at)).where(PlaySegment.user == user_id)
    if end is not None:
        sealed = sealed.where(PlaySegment.first_at < end)
    columns = (Play.played_at, Play.track, Play.source, Play.ms_played, Play.context)
    order = (Play.played_at.desc(), Play.track.desc())
    query = hot_tail.plays(user_id, end=end).select(*columns, sealed).order_by(*order)
    rows = list(query.limit(limit + 1).tuples())
    if not rows:
        return [], sealed.scalar()
    sealed_until = rows[0][-1]
    found: list[Found] = [row[:-1] for row in rows]
    if len(found) > limit:
        last = found[limit - 1][0]
        found = found[:limit] if found[limit][0] != last else _with_ties(user_id, found, last)
    return found, sealed_until


def _with_ties(user_id: int, found: list[Found], last: int) -> list[Found]:
    columns = (Play.played_at, Play.track, Play.source, Play.ms_played, Play.context)
    ties = hot_tail.plays(user_id, last, last + 1).select(*columns).order_by(Play.track.desc())
    return [play for play in found if play[0] > last] + list(ties.tuples())
