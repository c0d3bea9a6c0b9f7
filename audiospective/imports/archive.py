"""Reads a whole archive into frames, and writes it back if nothing changed meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
import polars as pl

from audiospective.history import flags, reading, relinked, removal, replacing, segment
from audiospective.history.catalog import imported, lookup
from audiospective.history.catalog.lookup import TrackNames
from audiospective.imports import archive_frames, identity, staging
from audiospective.imports.archive_frames import ArchiveFrames
from audiospective.imports.merging import apart
from audiospective.models import RemovedPlay

NUMBERED = pl.Schema({"track": pl.Int32(), **staging.TRACKS})
_GUESTS = 99  # artists of a track beside the first one
UNKNOWN = "Unknown item"  # what plays are called of which a file says nothing but the time


def opened(user_id: int) -> tuple[replacing.Snapshot, ArchiveFrames]:
    """All plays of a member, and what is needed to put others in their place."""
    before = replacing.snapshot(user_id)
    removed = _removed(user_id)
    numbers = pl.concat([before.plays["track"], removed["track"]]).unique()
    return before, archive_frames.of(before.plays, removed, known_tracks(numbers.to_list()))


def around(
    user_id: int, span: replacing.Span, also: Iterable[int] = ()
) -> tuple[pl.DataFrame, ArchiveFrames]:
    """The plays of a span of time, as history has them and as frames.

    The tracks are those of the plays, and `also` these.
    """
    before = reading.between(user_id, *span, segment.COLUMNS)
    removed = _removed(user_id, span)
    numbers = {*before["track"].unique(), *removed["track"].unique(), *also}
    return before, archive_frames.of(before, removed, known_tracks(numbers))


def known_tracks(ids: Iterable[int]) -> pl.DataFrame:
    """What the catalog says of tracks, as identity.TRACKS."""
    rows = [
        (
            one.id,
            one.spotify_id,
            one.isrc,
            one.title,
            _makers(one),
            one.album,
            one.duration_ms,
            None,
        )
        for one in lookup.tracks(set(ids)).values()
    ]
    return _in_families(pl.DataFrame(rows, schema=identity.TRACKS, orient="row"))


def _makers(track: TrackNames) -> list[str]:
    """Of an episode or chapter first the show: one author has many books with a first chapter."""
    names = [name for _, name in track.artists]
    return names if track.kind == "track" or track.album is None else [track.album, *names]


def identities(tracks: pl.DataFrame, base: int) -> pl.DataFrame:
    """Tracks of a file (staging.TRACKS) as identity.TRACKS, numbered down from `base`."""
    # A list tells who is named first more surely than a credit written as one.
    by = pl.concat_list(
        "show",
        pl.col("artists").fill_null(pl.lit([], pl.List(pl.String()))),
        pl.concat_list("artist", "album_artist"),
    )
    found = tracks.select(
        (base - pl.int_range(pl.len(), dtype=pl.Int32)).alias("track"),
        "spotify_id",
        "isrc",
        "title",
        by.list.drop_nulls().list.unique(maintain_order=True).alias("artists"),
        "album",
        pl.col("length_ms").alias("length"),
        pl.lit(None).alias("family"),
    ).cast(identity.TRACKS)
    return _in_families(found)


def _in_families(tracks: pl.DataFrame) -> pl.DataFrame:
    families = relinked.known(tracks["spotify_id"].drop_nulls().to_list())
    known = pl.col("spotify_id").replace_strict(families, default=None, return_dtype=pl.String)
    return tracks.with_columns(family=known) if families else tracks


def in_catalog(
    found: ArchiveFrames, tracks: pl.DataFrame, also: Iterable[int] = ()
) -> ArchiveFrames:
    """The frames with the catalog's number for each track that had none; makes what is new.

    `tracks` are all of files: staging.TRACKS with `track`, the number below zero. `also` are tracks
    of the archive that the frames are only a part of.
    """
    used = found.plays.filter(pl.col("track") < 0)["track"].unique()
    rows = tracks.join(used.to_frame(), on="track", how="semi")
    named = dict(zip(rows["track"], _named(rows), strict=True))
    if not named:
        return found
    # The names of an id that this archive holds already are the member's own, or Spotify's.
    own = {*found.plays.filter(pl.col("track") > 0)["track"].unique(), *also}
    numbers = imported.remember(named.values(), own)
    places = {number: numbers[name] for number, name in named.items()}
    return ArchiveFrames(
        apart(found.plays.with_columns(pl.col("track").replace(places))), found.tracks
    )


def ready(user_id: int, before: replacing.Snapshot, found: ArchiveFrames) -> replacing.Prepared:
    """The frames as they are stored; before any lock is taken. Raises ChangedError."""
    return replacing.prepared(user_id, before, archive_frames.as_plays(found))


def written(user_id: int, before: replacing.Snapshot, made: replacing.Prepared) -> None:
    """Store what is ready, in the caller's transaction. Raises ChangedError."""
    replacing.put(user_id, before, made)


def retold(user_id: int, before: pl.DataFrame, found: ArchiveFrames) -> None:
    """Keep of deleted plays what is told of them now, in the caller's transaction, for an undo.

    `before` are those that were read (archive_frames.deleted). One of which nothing tells any more
    stays as it was: its member asks for this very one. Raises ChangedError.
    """
    now = archive_frames.deleted(found).filter(pl.col("source") != 0)
    news = now.join(before, on=segment.COLUMNS, how="anti", nulls_equal=True)
    if news.is_empty():
        return
    were, there = (
        one.join(news, on=segment.KEY, how="semi").sort(segment.KEY)
        for one in (before, _removed(user_id))
    )
    if not there.equals(were):
        raise replacing.ChangedError
    removal.retell(user_id, news)


def require_kept(user_id: int, before: replacing.Snapshot) -> None:
    """Raises ChangedError unless the archive is still what was opened; under the lock."""
    replacing.require_kept(user_id, before)


def _named(tracks: pl.DataFrame) -> list[imported.Named]:
    # A credit such as "A, B" does not say whether they are one or two; a list does.
    listed = pl.col("artists").list.drop_nulls().list.unique(maintain_order=True)
    several = listed.list.len() > 1
    credit = pl.coalesce("artist", listed.list.first(), "album_artist", "show")
    rows = tracks.select(
        "spotify_id",
        pl.col("kind").cast(pl.String).replace("unknown", "track"),
        pl.col("title").fill_null(UNKNOWN),
        pl.when(several).then(listed.list.first()).otherwise(credit).alias("artist"),
        pl.coalesce("album", "show"),
        pl.when(several).then(listed.list.slice(1, _GUESTS)).alias("guests"),
    )
    return [
        imported.Named(spotify_id, kind, title, artist, album, tuple(guests or ()))
        for spotify_id, kind, title, artist, album, guests in rows.rows()
    ]


def _removed(user_id: int, span: replacing.Span | None = None) -> pl.DataFrame:
    """Deleted plays with all that is kept of them: at least who told of their time and what it is,
    where it is no end of a poll's.

    Without it a beginning would be taken for an end, and a poll could not be known to tell a play
    again that only a file told.
    """
    columns = RemovedPlay.played_at, RemovedPlay.track, RemovedPlay.kept
    keys = RemovedPlay.select(*columns).where(RemovedPlay.user == user_id)
    if span is not None:
        keys = keys.where((RemovedPlay.played_at >= span[0]) & (RemovedPlay.played_at < span[1]))
    return segment.of(
        [
            {"source": 0, **_told(kept), "played_at": at, "track": track}
            for at, track, kept in keys.tuples()
        ]
    )


def _told(kept: str | None) -> dict[str, Any]:
    known: dict[str, Any] = orjson.loads(kept) if kept else {}
    known |= flags.unpack(known.pop("flags", None))
    told = {name: known[name] for name in segment.COLUMNS if name in known}
    if told.get("ms_played") is None and told.get("timing") in archive_frames.ENDS:
        told["timing"] = int(archive_frames.ENDS[told["timing"]])
    return told
