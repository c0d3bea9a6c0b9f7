"""Artists that a member keeps out of figures; nothing is deleted, and each can come back."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from audiospective import clock, history
from audiospective.history.catalog import frames, lookup
from audiospective.history.catalog.entries import Kind
from audiospective.models import HiddenArtist
from audiospective.models.base import transaction


@dataclass(frozen=True)
class Heard:
    """An artist of somebody's archive; `plays` of tracks on which they are credited."""

    id: int
    name: str
    plays: int


AT_MOST = 500  # of one member: the list is read with every figure


def ids(user_id: int) -> frozenset[int]:
    """Catalog ids of the artists that figures leave out; two small queries."""
    mine = HiddenArtist.select(HiddenArtist.artist).where(HiddenArtist.user == user_id)
    found = {artist for (artist,) in mine.tuples()}
    if not found:
        return frozenset()
    # An artist that turned out to be another one is renamed in these rows once a day.
    return frozenset(found | lookup.followed(Kind.ARTIST, found))


def newest_first(user_id: int) -> list[HiddenArtist]:
    """The rows, the latest hidden first."""
    mine = HiddenArtist.select().where(HiddenArtist.user == user_id)
    return list(mine.order_by(HiddenArtist.hidden_at.desc(), HiddenArtist.artist))


def named(user_id: int) -> list[tuple[int, str]]:
    """(id, name) of the hidden artists, the latest hidden first."""
    ids = [row.artist for row in newest_first(user_id)]
    names = lookup.artists(ids)
    return [(one, names[one].name if one in names else "") for one in ids]


def find(user_id: int, text: str, limit: int = 20) -> list[Heard]:
    """Artists of this archive whose name contains `text`, the most played first; hidden ones not.

    Reads the whole archive.
    """
    wanted = text.casefold()
    heard = _heard(user_id).filter(~pl.col("artist").is_in(sorted(ids(user_id))))
    names = lookup.artists(heard["artist"].to_list())
    plays: dict[int, int] = dict(heard.rows())
    found = [
        Heard(one, names[one].name, count)
        for one, count in plays.items()
        if one in names and wanted in names[one].name.casefold()
    ]
    return sorted(found, key=lambda one: (-one.plays, one.name))[:limit]


def is_heard(user_id: int, artist: int) -> bool:
    """Whether the artist is credited in this archive; names of others' archives stay theirs."""
    return artist in _heard(user_id)["artist"]


def _heard(user_id: int) -> pl.DataFrame:
    tracks = history.frame(user_id, columns=["track"]).group_by("track").agg(plays=pl.len())
    credited = tracks.join(frames.everybody(tracks["track"]), on="track")
    return credited.group_by("artist").agg(pl.col("plays").sum())


def hide(user_id: int, artist: int) -> bool:
    """Leave an artist out from now on; False if the list is full. Hiding twice changes nothing."""
    with transaction():
        if HiddenArtist.select().where(HiddenArtist.user == user_id).count() >= AT_MOST:
            return artist in ids(user_id)
        HiddenArtist.insert(
            user=user_id, artist=artist, hidden_at=clock.now()
        ).on_conflict_ignore().execute()
    return True


def show(user_id: int, artist: int) -> bool:
    """Count an artist again; False if they were not hidden."""
    mine = (HiddenArtist.user == user_id) & (HiddenArtist.artist == artist)
    return bool(HiddenArtist.delete().where(mine).execute())
