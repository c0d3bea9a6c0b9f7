"""Finds plays: by names, dates and facts, a page at a time, opening no segment in vain.

Pages are cut by the key of their first or last play, so they do not move when plays come, and the
thousandth one costs what the first one does. One module although it is long: what is wanted, where
a page begins and which segments can hold it are one question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from audiospective.history import (
    archived_tracks,
    hot_tail,
    one_look,
    reading,
    recordings,
    segment,
    segment_store,
    version,
)
from audiospective.history.catalog import frames, names
from audiospective.history.catalog import rows as catalog
from audiospective.history.catalog.lookup import TrackNames
from audiospective.history.closed import away
from audiospective.history.closed.away import YearAwayError
from audiospective.history.one_look import Mark
from audiospective.history.recent_plays import RecentPlay, named
from audiospective.models import RemovedPlay, database
from audiospective.stats import cache

SHOWN = ("played_at", "track", "source", "ms_played", "context")
FACTS = (*SHOWN, "skipped", "reason_end")
FORWARD = "fwdbtn"  # Spotify's `reason_end` of a track that was skipped

SPARSE = 3  # segments that are read at once where few of their plays may match

_counts = cache.Part(cache.shared, "counts of plays")


@dataclass(frozen=True)
class Wanted:
    """Which plays; what is None does not matter. Instants and lengths are milliseconds.

    `words` are folded, each has to occur in title, artists or album, those of `artist_words` and
    `album_words` in artists and album. `track`, `artist` and `album`
    are the catalog's ids, and include what counts as the same recording. `source` and `seen` are
    bits that have to be set. `context` is a Spotify URI or the kind of one ("playlist"), "" for
    plays of which nobody knows. `least` was heard at least; where nobody told, the whole track was.
    """

    start: int | None = None
    end: int | None = None
    words: tuple[str, ...] = ()
    artist_words: tuple[str, ...] = ()
    album_words: tuple[str, ...] = ()
    track: int | None = None
    artist: int | None = None
    album: int | None = None
    source: int | None = None
    seen: int | None = None
    context: str | None = None
    least: int | None = None
    skipped: bool | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether more than a span of time is asked for."""
        return self != Wanted(self.start, self.end)


@dataclass(frozen=True)
class Page:
    """Plays, newest first, and whether there are more on either side."""

    plays: list[RecentPlay]
    newer: bool
    older: bool


@dataclass(frozen=True)
class _Piece:
    """A stretch of time, half-open, with the segment that lies in it, if any; ms.

    Late plays are rows outside of what the segment spans, from `first_at` to `last_at`. `is_part`:
    the segment may have plays outside of the stretch.
    """

    start: int
    end: int
    year: int | None = None
    sha256: str = ""
    first_at: int = segment_store.NEVER
    last_at: int = segment_store.EVER
    is_part: bool = False


def page(
    user_id: int,
    wanted: Wanted,
    *,
    before: hot_tail.Key | None = None,
    after: hot_tail.Key | None = None,
    limit: int = 50,
    at: str | None = None,
    known: Mapping[int, TrackNames] | None = None,
) -> Page:
    """The newest `limit` plays before a key, or the oldest ones after one, or the newest at all.

    `at` is the version of the archive and `known` are names, where the caller has them already.
    """
    rising = after is not None
    plays, more = _cut(user_id, wanted, SHOWN, before, after, limit, at)
    if rising:
        plays = plays.reverse()
    rows = plays.with_columns(pl.col("played_at").to_physical()).rows()
    shown = named([(row[0], row[1], row[2], row[3], row[4]) for row in rows], known)
    if rising:
        return Page(shown, newer=more, older=True)
    return Page(shown, newer=before is not None, older=more)


def rows(
    user_id: int,
    wanted: Wanted,
    *,
    before: hot_tail.Key | None = None,
    after: hot_tail.Key | None = None,
    limit: int,
) -> tuple[pl.DataFrame, bool]:
    """All that is known of the plays of a page (segment.COLUMNS), and whether more follow.

    Newest first, or with `after` from the oldest one after that key on.
    """
    return _cut(user_id, wanted, segment.COLUMNS, before, after, limit, None)


def pieces(user_id: int, wanted: Wanted, *, rising: bool) -> Iterator[pl.DataFrame]:
    """All matching plays (segment.COLUMNS) in frames that follow one another, newest first or
    `rising`. Each segment is opened once at most, and only when its frame is asked for.
    """
    for part in _Search(user_id, wanted, None).parts(segment.COLUMNS, None, rising=rising):
        yield part.sort(segment.KEY, descending=not rising)


def count(user_id: int, wanted: Wanted, at: str | None = None) -> int:
    """How many plays there are; kept until the archive (whose version is `at`) changes."""
    before = at or version.of(user_id)
    key = (database.obj, user_id, before, wanted)
    kept: int | None = _counts.get(key)
    if kept is not None:
        return kept
    with catalog.one_version():
        parts = _Search(user_id, wanted, before).parts(
            segment.KEY, None, rising=False, at_once=True
        )
        found = sum(part.height for part in parts)
    if version.may_be_kept(user_id, before):
        _counts.put(key, found)
    return found


def one(user_id: int, key: hot_tail.Key) -> RecentPlay | None:
    """The play with this key, or None if the archive has none."""
    at, track = key
    found = page(user_id, Wanted(start=at, end=at + 1), limit=1_000)
    return next((play for play in found.plays if play.track_id == track), None)


def facts(user_id: int, key: hot_tail.Key) -> dict[str, object]:
    """All that is known of one play, by column of segment.COLUMNS; empty if there is none."""
    at, track = key
    plays = reading.between(user_id, at, at + 1, segment.COLUMNS)
    rows = plays.filter(pl.col("track") == track).to_dicts()
    return rows[0] if rows else {}


def _cut(
    user_id: int,
    wanted: Wanted,
    columns: Sequence[str],
    before: hot_tail.Key | None,
    after: hot_tail.Key | None,
    limit: int,
    at: str | None,
) -> tuple[pl.DataFrame, bool]:
    """`limit` plays away from an edge, the nearest first, and whether there are more."""
    rising = after is not None
    found: list[pl.DataFrame] = []
    many = 0
    with catalog.one_version():
        parts = _Search(user_id, wanted, at).parts(
            columns, after if rising else before, rising=rising
        )
        for part in parts:
            found.append(part)
            many += part.height
            if many > limit:
                break
    plays = pl.concat(found) if found else pl.DataFrame(schema=_schema(columns))
    plays = plays.sort(segment.KEY, descending=not rising)
    return plays.head(limit), plays.height > limit


class _Search:
    """One look into one archive: what is small is read once, segments when they are needed."""

    def __init__(self, user_id: int, wanted: Wanted, at: str | None) -> None:
        self._user_id, self._wanted = user_id, wanted
        self._tracks = _tracks(user_id, wanted, at)
        self._pieces = self._look()
        removed = RemovedPlay.select(RemovedPlay.played_at, RemovedPlay.track)
        self._removed = list(removed.where(RemovedPlay.user == user_id).tuples())

    def _look(self) -> list[_Piece]:
        """See the rows, and the pieces of time that go with them."""
        start = segment_store.EVER if self._wanted.start is None else self._wanted.start
        end = segment_store.NEVER if self._wanted.end is None else self._wanted.end
        rows, marks = one_look.plays(self._user_id, start, end)
        self._rows = reading.as_frame(rows)
        return _pieces(marks)

    def parts(
        self,
        columns: Sequence[str],
        edge: hot_tail.Key | None,
        *,
        rising: bool,
        at_once: bool = False,
    ) -> Iterator[pl.DataFrame]:
        """Matching plays beyond `edge`, piece after piece away from it; twice as many segments each
        time, or all `at_once`."""
        reach = self._reach(edge, rising=rising)
        pieces = [one for one in self._pieces if one.end > reach[0] and one.start < reach[1]]
        if not rising:
            pieces.reverse()
        needed = _needed(columns, self._wanted)
        size = len(pieces) if at_once else SPARSE if self._wanted.is_narrow else 1
        tries = one_look.TRIES
        while pieces:
            batch, rest = pieces[:size], pieces[size:]
            seen = {one.year: one.sha256 for one in batch if one.year and self._opens(one, reach)}
            opening = segment_store.of_years(self._user_id, list(seen))
            if {row.year: row.sha256 for row in opening} != seen and tries:
                tries -= 1  # plays may have moved to rows that were not seen
                pieces = _within(self._look(), pieces)
                continue
            pieces, size = rest, size * 2
            stored = {row.year: row for row in segment_store.fetched(opening)}
            for one in batch:
                row = stored.get(one.year or 0)
                found = self._match(self._piece(one, row, needed), edge, rising=rising)
                yield found.select(columns)

    def _reach(self, edge: hot_tail.Key | None, *, rising: bool) -> tuple[int, int]:
        """From when until before when a play can match."""
        start = segment_store.EVER if self._wanted.start is None else self._wanted.start
        end = segment_store.NEVER if self._wanted.end is None else self._wanted.end
        if edge is None:
            return start, end
        return (max(start, edge[0]), end) if rising else (start, min(end, edge[0] + 1))

    def _opens(self, piece: _Piece, reach: tuple[int, int]) -> bool:
        """Whether a segment may hold something that matches."""
        if piece.last_at < reach[0] or piece.first_at >= reach[1]:
            return False
        own = archived_tracks.known(piece.sha256)
        if self._tracks is None or own is None:
            return True
        return bool(own.is_in(self._tracks.implode()).any())

    def _in(self, piece: _Piece) -> pl.DataFrame:
        instant = pl.col("played_at").to_physical()
        return self._rows.filter((instant >= piece.start) & (instant < piece.end))

    def _piece(
        self, piece: _Piece, row: segment_store.Stored | None, columns: Sequence[str]
    ) -> pl.DataFrame:
        rows = self._in(piece).select(columns)
        if row is None:
            return rows
        try:
            sealed = segment_store.opened(row, columns)
        except segment_store.DamagedSegmentError as error:
            segment_store.set_aside(row, str(error))
            return rows
        except YearAwayError as error:
            away.tolerate(error)
            return rows
        if piece.is_part:
            at = pl.col("played_at").to_physical()
            sealed = sealed.filter((at >= piece.start) & (at < piece.end))
        plays = segment.merge([sealed, rows]) if rows.height else sealed
        return reading.without(plays, self._removed)

    def _match(
        self, plays: pl.DataFrame, edge: hot_tail.Key | None, *, rising: bool
    ) -> pl.DataFrame:
        wanted, at = self._wanted, pl.col("played_at").to_physical()
        tests: list[pl.Expr] = []
        if wanted.start is not None:
            tests.append(at >= wanted.start)
        if wanted.end is not None:
            tests.append(at < wanted.end)
        if edge is not None:
            same = at == edge[0]
            if rising:
                tests.append((at > edge[0]) | (same & (pl.col("track") > edge[1])))
            else:
                tests.append((at < edge[0]) | (same & (pl.col("track") < edge[1])))
        if self._tracks is not None:
            tests.append(pl.col("track").is_in(self._tracks.implode()))
        if wanted.source is not None:
            tests.append(pl.col("source") & wanted.source == wanted.source)
        if wanted.seen is not None:
            tests.append((pl.col("seen") & wanted.seen == wanted.seen).fill_null(value=False))
        if wanted.context is not None:
            tests.append(_from(wanted.context))
        if wanted.skipped is not None:
            skipped = pl.coalesce("skipped", pl.col("reason_end") == FORWARD)
            tests.append(skipped == wanted.skipped)
        found = plays.filter(*tests) if tests else plays
        return found if wanted.least is None else _long_enough(found, wanted.least)


def _needed(columns: Sequence[str], wanted: Wanted) -> list[str]:
    more = set(columns) | set(segment.KEY)
    more |= {"source"} if wanted.source is not None else set()
    more |= {"seen"} if wanted.seen is not None else set()
    more |= {"context"} if wanted.context is not None else set()
    more |= {"ms_played"} if wanted.least is not None else set()
    more |= {"skipped", "reason_end"} if wanted.skipped is not None else set()
    return [name for name in segment.COLUMNS if name in more]


def _schema(columns: Sequence[str]) -> dict[str, pl.DataType]:
    return {name: segment.SCHEMA[name] for name in columns}


def _from(context: str) -> pl.Expr:
    known = pl.col("context")
    if not context:
        return known.is_null()
    if ":" in context:
        return known == context
    # Spotify's older URIs of playlists begin with their owner: spotify:user:somebody:playlist:id.
    return known.str.contains(f":{context}(?::|$)")


def _long_enough(plays: pl.DataFrame, least: int) -> pl.DataFrame:
    lengths = frames.of(plays["track"]).select("track", "duration")
    joined = plays.join(lengths, on="track", how="left", maintain_order="left")
    return joined.filter(pl.coalesce("ms_played", "duration", 0) >= least).drop("duration")


def _tracks(user_id: int, wanted: Wanted, at: str | None) -> pl.Series | None:
    """The tracks that names and ids leave, None for all."""
    texts = ((wanted.words, names.EVERYWHERE), (wanted.artist_words, ("artist",)),
             (wanted.album_words, ("album",)))  # fmt: skip
    if (
        not any(words for words, _ in texts)
        and wanted.track is wanted.artist is wanted.album is None
    ):
        return None
    same = recordings.of(user_id, at)
    heads = same.follow(same.heard.to_frame(), to="head")
    if wanted.track is not None:
        heads = heads.filter(pl.col("head") == same.head(wanted.track))
    for kind, one in (("artist", wanted.artist), ("album", wanted.album)):
        if one is not None:
            own = frames.tracks_of(kind, one, heads["head"])
            heads = heads.filter(pl.col("head").is_in(own.implode()))
    found = heads["track"]
    for words, where in texts:
        if words:
            found = names.containing(words, found, where)
    return found


def _pieces(marks: Sequence[Mark]) -> list[_Piece]:
    """All time in pieces that hold one segment each, oldest first."""
    if not marks:
        return [_Piece(segment_store.EVER, segment_store.NEVER)]
    starts = [segment_store.EVER, *(mark.first_at for mark in marks[1:])]
    ends = [*starts[1:], segment_store.NEVER]
    return [_Piece(start, end, *mark) for start, end, mark in zip(starts, ends, marks, strict=True)]


def _within(pieces: Sequence[_Piece], before: Sequence[_Piece]) -> list[_Piece]:
    """Of `pieces`, what lies in the time that those `before` are of; in their order."""
    first, last = sorted((before[0], before[-1]), key=lambda one: one.start)
    found = [
        replace(one, start=max(one.start, first.start), end=min(one.end, last.end), is_part=True)
        for one in pieces
        if one.end > first.start and one.start < last.end
    ]
    return found if before[0] is first else found[::-1]
