"""The newest plays with their names, and how many there are; columns are read only if needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from peewee import SQL, fn

from audiospective import clock
from audiospective.history import hot
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
    end = None if before is None else clock.to_ms(before)
    found = _from_rows(user_id, limit, end)
    full = len(found) >= limit
    if _segments_reach(user_id, found[-1][0] if full else None, end):
        from audiospective.history.reading import newest

        found = newest(user_id, limit, end)
    return named(found)


def total(user_id: int) -> int:
    """How many plays the archive holds of one person."""
    newest_sealed, sealed = (
        PlaySegment.select(fn.MAX(PlaySegment.last_at), fn.SUM(PlaySegment.plays))
        .where(PlaySegment.user == user_id)
        .scalar(as_tuple=True)
    )
    rows = hot.count(user_id)
    if newest_sealed is None:
        return rows
    old = hot.plays(user_id, end=newest_sealed + 1).select(fn.COUNT(SQL("*"))).scalar()
    if not old:
        return int(sealed) + rows
    # Late plays: a row may repeat one that is sealed, only the keys can tell.
    from audiospective.history.reading import repeated

    return int(sealed) + rows - repeated(user_id, newest_sealed + 1)


def footprint(user_id: int) -> int:
    """About how many bytes somebody's plays take; opens nothing."""
    files = PlaySegment.select(fn.SUM(PlaySegment.size)).where(PlaySegment.user == user_id).scalar()
    return int(files or 0) + hot.count(user_id) * ROW


def _from_rows(user_id: int, limit: int, end: int | None) -> list[Found]:
    columns = (Play.played_at, Play.track, Play.source, Play.ms_played, Play.context)
    newest = (Play.played_at.desc(), Play.track.desc())
    query = hot.plays(user_id, end=end).select(*columns).order_by(*newest)
    found: list[Found] = list(query.limit(limit).tuples())
    if len(found) == limit:
        last = found[-1][0]
        ties = hot.plays(user_id, last, last + 1).select(*columns).order_by(*newest)
        found = [play for play in found if play[0] > last] + list(ties.tuples())
    return found


def _segments_reach(user_id: int, start: int | None, end: int | None) -> bool:
    """Whether a segment may hold plays from `start` (or ever) to `end`; opens none."""
    query = PlaySegment.select().where(PlaySegment.user == user_id)
    if start is not None:
        query = query.where(PlaySegment.last_at >= start)
    if end is not None:
        query = query.where(PlaySegment.first_at < end)
    return bool(query.exists())


def named(
    found: Sequence[Found], known: Mapping[int, TrackNames] | None = None
) -> list[RecentPlay]:
    """Plays with the names of their tracks, in the same order; two queries, if some lack.

    `known` are names that were looked up already.
    """
    missing = {play[1] for play in found} - (known or {}).keys()
    tracks = {**(known or {}), **(lookup.tracks(missing) if missing else {})}
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
