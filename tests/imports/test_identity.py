"""Which tracks are the same: by id, ISRC, or names written alike."""

from __future__ import annotations

import polars as pl
import pytest

from audiospective.imports import identity

Track = dict[str, object]


def together(*tracks: Track) -> list[int]:
    """The group of every track, numbered as they first occur."""
    rows = [{**dict.fromkeys(identity.TRACKS), "track": n, **one} for n, one in enumerate(tracks)]
    who = identity.same(pl.DataFrame(rows, schema=identity.TRACKS))["who"].to_list()
    order = list(dict.fromkeys(who))
    return [order.index(one) for one in who]


def named(title: str, *artists: str, **more: object) -> Track:
    return {"title": title, "artists": list(artists), **more}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"spotify_id": "x"}, named("Song", "A", spotify_id="x")),
        (named("Song", "A", isrc="gbaaa1200001"), named("Lied", "B", isrc="GBAAA1200001")),
        (named("Song", "A", family="x"), named("Lied", "B", spotify_id="y", family="x")),
        (named("Song", "A", spotify_id="x"), named("Lied", "B", spotify_id="y", family="x")),
        (named("Café del Mar", "Energy 52"), named("CAFE DEL MAR", "energy 52")),
        (named("Straße", "Élan"), named("STRASSE", "Elan")),
        (named("Don’t Stop", "A"), named("Don't stop", "A")),
        (named("Song (feat. B)", "A"), named("Song", "A")),
        (named("Song - 2011 Remastered Version", "A"), named("Song", "A")),
        (named("Song (Remastered 2009)", "A"), named("Song", "A")),
        (named("Song", "A & B"), named("Song", "A")),
        (named("Song", "A feat. B"), named("Song", "A, C")),
        (named("Song", "A", "B"), named("Song", "B")),
        (named("Song", "Various Artists", album="Hits"), named("Song", "A", album="Hits")),
        (named("!!!", "???"), named("!!!", "???")),
        (named("Caf\u00e9", "A"), named("Cafe\u0301", "A")),
    ],
)
def test_the_same(one: Track, other: Track) -> None:
    assert together(one, other) == [0, 0]
    assert together(other, one) == [0, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (named("Song", "A", spotify_id="x"), named("Other", "A", spotify_id="y")),
        (named("Song", "A"), named("Song", "B")),
        (named("Song", "A"), named("Song (Live)", "A")),
        (named("Song"), named("Song")),
        ({}, {}),
        (named("パパ", "A"), named("ハハ", "A")),
        (named("!!!", "A"), named("???", "A")),
        (named("", "A"), named("", "A", album="")),
    ],
)
def test_not_the_same(one: Track, other: Track) -> None:
    assert together(one, other) == [0, 1]


def test_what_is_the_same_as_one_of_them_is_the_same_as_all() -> None:
    chain = [
        named("Song", "A", spotify_id="x"),
        named("Lied", "B", spotify_id="x"),
        named("Lied", "B", isrc="i"),
        {"isrc": "I"},
        named("Else", "A"),
    ]
    assert together(*chain) == [0, 0, 0, 0, 1]


def test_no_tracks() -> None:
    assert together() == []
