"""Plays as listens, the form that ListenBrainz and what speaks its language take."""

from __future__ import annotations

from typing import Any

import polars as pl

import audiospective
from audiospective.history import segment
from audiospective.history.catalog import track_facts
from audiospective.models.plays import FROM_POLL
from audiospective.policy import listens
from audiospective.policy.forwarding import Key
from audiospective.policy.timing import BY_END, BY_HEARD, Timing

NAME = 500  # characters
_ROOM = listens.LONGEST - 400  # bytes, for a server that counts blanks between keys and values


def of(plays: pl.DataFrame) -> list[tuple[Key, dict[str, Any] | None]]:
    """Plays, the oldest first, as listens; None for what has no artist or is no music."""
    facts = {one["track"]: one for one in track_facts.of(plays["track"]).to_dicts()}
    rows = plays.with_columns(pl.col("played_at").to_physical()).sort(segment.KEY).to_dicts()
    return [((row["played_at"], row["track"]), _listen(row, facts[row["track"]])) for row in rows]


def tracks(among: pl.Series) -> pl.Series:
    """Those tracks of which a play is a listen."""
    facts = track_facts.of(among)
    music = (pl.col("kind") == "track") & (pl.col("title").str.strip_chars() != "")
    blank = pl.element().str.strip_chars() == ""
    named = pl.col("artists").list.eval(pl.element().filter(~blank)).list.len() > 0
    return facts.filter(music & named)["track"]


def _listen(play: dict[str, Any], track: dict[str, Any]) -> dict[str, Any] | None:
    artists = [name[:NAME] for name in track["artists"] if name.strip()][:20]
    title, album = track["title"] or "", track["album"] or ""
    if not artists or not title.strip() or track["kind"] != "track":
        return None
    link = track["spotify_id"] and f"https://open.spotify.com/track/{track['spotify_id']}"
    polled = bool(play["source"] & FROM_POLL)
    more = {
        "submission_client": "Audiospective",
        "submission_client_version": audiospective.__version__,
        "music_service": "spotify.com" if polled else None,
        "media_player": None if polled else play["platform"],
        "artist_names": artists,
        "duration_ms": track["duration_ms"] or None,
        "ms_played": play["ms_played"],
        "spotify_id": link,
        "origin_url": link,
        "isrc": track["isrc"],
    }
    known = {name: value for name, value in more.items() if value is not None}
    told = {
        "artist_name": ", ".join(artists)[:NAME],
        "track_name": title[:NAME],
        "release_name": album[:NAME] if album.strip() else None,
        "additional_info": known,
    }
    listen = {
        "listened_at": _began(play, track["duration_ms"]) // 1000,
        "track_metadata": {name: value for name, value in told.items() if value is not None},
    }
    if listens.size(listen) > _ROOM:  # the credit stays, cut as every name is
        known.pop("artist_names")
    return listen


def _began(play: dict[str, Any], length: int | None) -> int:
    """When it began, as ListenBrainz wants it (UTC ms); where nobody knows, when it ended."""
    at: int = play["played_at"]
    timing = play["timing"] or Timing.END
    if timing in BY_END:
        return at - (play["ms_played"] if play["ms_played"] is not None else length or 0)
    return at - (play["ms_played"] or 0) if timing in BY_HEARD else at
