"""Recordings of one archive that may be one: other issues of one piece of music."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from audiospective.history import reading, recordings
from audiospective.history.catalog import frames, names
from audiospective.policy import recording_suggestions as rule
from audiospective.policy import recording_titles

_MAY_NAME_AN_ISSUE = r"[(\[]|\s-\s"


@dataclass(frozen=True)
class Suggestion:
    """`track` could count as `other`; how often each recording was played."""

    track: int
    other: int
    plays: int
    other_plays: int


def suggestions(user_id: int) -> list[Suggestion]:
    """Pairs that the member has not decided about, what would change most first."""
    same = recordings.of(user_id)
    plays = same.follow(reading.between(user_id, None, None, ("track",)))
    counted = plays.group_by("track").agg(plays=pl.len())
    known = names.tracks(counted["track"]).filter(pl.col("kind") == "track")
    found = known.join(counted, on="track").join(frames.of(known["track"]), on="track")
    found = found.drop_nulls("artist")
    found = _with_several(found.with_columns(base=_bases(found["title"])))
    apart = {
        frozenset((same.head(choice.track), same.head(choice.other)))
        for choice in recordings.choices(user_id)
        if not choice.together
    }
    columns = ("track", "base", "artist", "duration", "plays")
    candidates = [rule.Candidate(*row) for row in found.select(columns).rows()]
    return [
        Suggestion(one.track, other.track, one.plays, other.plays)
        for one, other in rule.suggestions(candidates, apart)
    ]


def _bases(titles: pl.Series) -> pl.Series:
    long = titles.filter(titles.str.contains(_MAY_NAME_AN_ISSUE)).unique()
    return titles.replace(dict(zip(long, map(recording_titles.base_title, long), strict=True)))


def _with_several(found: pl.DataFrame) -> pl.DataFrame:
    """Only those that share their artist and base title with another."""
    return found.filter(pl.struct("artist", "base").is_duplicated())
