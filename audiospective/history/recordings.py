"""Recordings: the tracks of a member that are one piece of music, and what they count as.

Tracks with one ISRC, with one Spotify id, and those that Spotify answers with for one another are
one recording by themselves; members put others together, and set apart what they want. Every play
keeps its own track: figures follow at the moment they are made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from audiospective import clock
from audiospective.history import archived_tracks, version
from audiospective.history.catalog import frames, names
from audiospective.models import RecordingChoice, database, dialects, transaction
from audiospective.policy import recordings as rule
from audiospective.policy.recordings import Choice
from audiospective.stats import cache

SCHEMA = {"track": pl.Int32(), "recording": pl.Int32()}
_LINKS = "SELECT spotify_id, stands_for FROM track_links WHERE spotify_id"


@dataclass(frozen=True)
class Recordings:
    """What tracks of one archive count as, where that is not themselves.

    `frame` has the columns of SCHEMA, `heard` is every track of the archive.
    """

    of: Mapping[int, int]
    frame: pl.DataFrame
    heard: pl.Series

    def head(self, track: int) -> int:
        """What a track counts as."""
        return self.of.get(track, track)

    def tracks(self, track: int) -> list[int]:
        """All tracks of the archive that count as the same recording, its head first."""
        head = self.head(track)
        return [head, *(one for one, own in self.of.items() if own == head)]

    def follow(self, plays: pl.DataFrame, to: str = "track") -> pl.DataFrame:
        """Plays with what their `track` counts as in the column `to`; albums and artists that are
        joined afterwards follow."""
        joined = plays.join(self.frame, on="track", how="left", maintain_order="left")
        return joined.with_columns(pl.coalesce("recording", "track").alias(to)).drop("recording")


_kept = cache.Part(cache.shared, "recordings")


def of(user_id: int, at: str | None = None) -> Recordings:
    """The recordings of somebody's archive; `at` is its version, where that is known already."""
    before = at or version.of(user_id)
    key = (database.obj, user_id, before)
    known: Recordings | None = _kept.get(key)
    if known is not None:
        return known
    archive = archived_tracks.tracks(user_id)
    found = sorted(_heads(archive, choices(user_id)).items())
    frame = pl.DataFrame(found, schema=SCHEMA, orient="row")
    made = Recordings(dict(found), frame, archive)
    if version.may_be_kept(user_id, before):
        _kept.put(key, made)
    return made


def choices(user_id: int) -> list[Choice]:
    """What somebody decided, latest first."""
    query = (
        RecordingChoice.select()
        .where(RecordingChoice.user == user_id)
        .order_by(RecordingChoice.decided_at.desc(), RecordingChoice.track, RecordingChoice.other)
    )
    return [Choice(one.track, one.other, one.together, clock.to_ms(one.decided_at))
            for one in query]  # fmt: skip


def merge(user_id: int, track: int, other: int) -> bool:
    """Let `track` count as `other`, both of somebody's archive; False if either is not."""
    return _decide(user_id, track, other, together=True)


def set_apart(user_id: int, track: int, other: int) -> bool:
    """Say that two tracks of somebody's archive differ; False if either is not in it."""
    return _decide(user_id, track, other, together=False)


def undo(user_id: int, track: int, other: int) -> bool:
    """Take a decision back; False if there was none."""
    where = (
        (RecordingChoice.user == user_id)
        & (RecordingChoice.track == track)
        & (RecordingChoice.other == other)
    )
    return bool(RecordingChoice.delete().where(where).execute())


def _decide(user_id: int, track: int, other: int, *, together: bool) -> bool:
    archive = set(archived_tracks.tracks(user_id))
    if track == other or not {track, other} <= archive:
        return False
    with transaction():
        undo(user_id, track, other)
        undo(user_id, other, track)
        RecordingChoice.create(
            user=user_id, track=track, other=other, together=together, decided_at=clock.now()
        )
    return True


def _heads(tracks: pl.Series, decided: Collection[Choice]) -> dict[int, int]:
    known = names.tracks(tracks)
    groups = [
        *_shared(known.select("track", "isrc"), "isrc"),
        *_shared(known.select("track", "spotify_id"), "spotify_id"),
        *_shared(_families(known), "family"),
    ]
    concerned = {one for group in groups for one in group}
    concerned |= {one for choice in decided for one in (choice.track, choice.other)}
    return rule.heads(groups, decided, _homes(known, concerned))


def _shared(of: pl.DataFrame, column: str) -> list[list[int]]:
    """The tracks that have a value in common."""
    groups = of.drop_nulls(column).group_by(column).agg(pl.col("track").unique())
    found: list[list[int]] = groups.filter(pl.col("track").list.len() > 1)["track"].to_list()
    return found


def _families(known: pl.DataFrame) -> pl.DataFrame:
    """Tracks that stand for each other at Spotify; see history.relinked."""
    links = dialects.among(_LINKS, known["spotify_id"].drop_nulls().to_list())
    schema = {"spotify_id": pl.String(), "family": pl.String()}
    return known.join(pl.DataFrame(links, schema=schema, orient="row"), on="spotify_id")


def _homes(known: pl.DataFrame, concerned: Collection[int]) -> dict[int, str | None]:
    """The album types of those tracks of the archive that a group or a decision concerns."""
    own = known.filter(pl.col("track").is_in(list(concerned)))
    albums = names.albums(own["track"]).select("album", "type")
    joined = own.join(frames.of(own["track"]), on="track", how="left")
    joined = joined.join(albums, on="album", how="left")
    return dict(joined.select("track", "type").rows())
