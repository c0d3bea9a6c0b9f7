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


def orders(*tracks: Track) -> list[list[Track]]:
    turned = [[*tracks[n:], *tracks[:n]] for n in range(len(tracks))]
    return [order for one in turned for order in (one, one[::-1])]


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
        (named("Song", "A", spotify_id="x"), named("Song", "A", spotify_id="y", isrc="i")),
        (named("Song", "A", "B", spotify_id="x"), named("Song", "B")),
        (named("Song", "A", spotify_id="x", album="Hits"), named("Song", "Z", album="Hits")),
        (named("Song", "A", spotify_id="x", album="Hits"), named("Song", album="Hits")),
        (named("Song", "Various Artists"), named("Song", "VARIOUS ARTISTS", spotify_id="x")),
        (named("!!!", "???"), named("!!!", "???")),
        (named(" !!! ", "A"), named("!!!", "A")),
        (named("?", " ...\x01"), named("?", "...")),
        (named("?\r\n?", "A"), named("?\n?", "A")),
        (named("Song (Remastered) ", "A"), named("Song (Remastered)", "A")),
        (named("?", "A" * 2_000), named("?", "A" * 1_000)),
        (named("(With You)", "A"), named("(with you) ", "A")),
        (named("Caf\u00e9", "A"), named("Cafe\u0301", "A")),
    ],
)
def test_tracks_with_one_id_or_with_names_written_alike_are_one(one: Track, other: Track) -> None:
    assert together(one, other) == [0, 0]
    assert together(other, one) == [0, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (named("Song", "A", spotify_id="x"), named("Other", "A", spotify_id="y")),
        (named("Song", "A"), named("Song", "B")),
        (named("Song", "A"), named("Song (Live)", "A")),
        (named("Song"), named("Song")),
        (named("Song", "A", "C"), named("Song", "B", "C")),
        (named("Song", "A", "C", spotify_id="x"), named("Song", "B", "C", spotify_id="y")),
        (named("Song", "A", "C", spotify_id="x"), named("Song", "C", spotify_id="y")),
        (
            named("Song", "A", "B", spotify_id="x", album="Own"),
            named("Song", "B", "A", spotify_id="y", album="Own"),
        ),
        (named("Song", "A", "C", isrc="i"), named("Song", "B", "C", spotify_id="y")),
        (named("Song", "A, B", spotify_id="x"), named("Song", "A", spotify_id="y")),
        (
            named("Song", "Various Artists", spotify_id="x"),
            named("Song", "Various Artists", spotify_id="y"),
        ),
        (
            named("Intro", "A", spotify_id="x", album="Greatest Hits"),
            named("Intro", "B", spotify_id="y", album="Greatest Hits"),
        ),
        ({}, {}),
        (named("パパ", "A"), named("ハハ", "A")),
        (named("!!!", "A"), named("???", "A")),
        (named("(With You)", "A"), named("(With Me)", "A")),
        (named("", "A"), named("", "A", album="")),
    ],
)
def test_tracks_that_differ_in_an_id_or_in_a_word_are_two(one: Track, other: Track) -> None:
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


TIN_OF_A = named("Tin", "A", "C", spotify_id="a", album="Hits")
TIN_OF_B = named("Tin", "B", "C", spotify_id="b", album="Hits")


@pytest.mark.parametrize(
    "unsure",
    [
        (named("Tin", "C"),),
        (named("Tin", album="Hits"),),
        (named("Tin", "Various Artists", album="Hits"),),
        (named("Tin", "D", "A", "B"),),
        (named("Tin", "C feat. D"), named("Tin", "C")),
        (named("Tin", "D", "C"), named("Tin", "C", album="Hits")),
        (named("Tin", "D", "A"), named("Tin", "E", "B"), named("Tin", "D", "E")),
    ],
)
def test_what_may_be_either_of_two_makes_them_not_one(unsure: tuple[Track, ...]) -> None:
    for order in orders(TIN_OF_A, TIN_OF_B, *unsure):
        who = together(*order)
        assert who[order.index(TIN_OF_A)] != who[order.index(TIN_OF_B)]
        alone = [who[order.index(one)] for one in (TIN_OF_A, TIN_OF_B)]
        if len(unsure) == 1:
            assert who[order.index(unsure[0])] not in alone


def test_one_that_may_be_either_still_finds_its_own_by_what_only_that_has() -> None:
    own = named("Tin", "C", album="Single")
    assert together(TIN_OF_A, {**TIN_OF_B, "album": "Single"}, own) == [0, 1, 1]
    assert together(TIN_OF_A, TIN_OF_B, named("Tin", "B feat. C")) == [0, 1, 1]


def test_those_without_ids_are_the_same_through_others() -> None:
    chain = (
        named("Tin", "A", "B"),
        named("Tin", "B", album="Hits"),
        named("Tin", album="Hits"),
        named("Tin", "A", spotify_id="x"),
    )
    for order in orders(*chain):
        assert together(*order) == [0, 0, 0, 0]


def test_an_issue_is_told_where_names_alone_join_several_ids() -> None:
    tracks = (
        named("Song", "A", spotify_id="x"),
        named("Song", "A", spotify_id="x", family="f"),
        named("Song", "A", spotify_id="y"),
        named("Song", "A"),
        named("Lied", "B", spotify_id="z"),
        named("Lied", "B"),
    )
    rows = [{**dict.fromkeys(identity.TRACKS), "track": n, **one} for n, one in enumerate(tracks)]
    found = identity.same(pl.DataFrame(rows, schema=identity.TRACKS))
    assert found["who"].to_list() == [0, 0, 0, 0, 4, 4]
    assert found["issue"].to_list() == [0, 0, 2, None, None, None]


def test_of_no_tracks_none_are_one() -> None:
    assert together() == []
