"""Blocks give back exactly what went in, whatever it was."""

from __future__ import annotations

import zlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.bench.invented_catalog import arrivals
from audiospective.history.catalog import encode, packing
from audiospective.history.catalog.block_columns.numbers import LARGEST
from audiospective.history.catalog.block_columns.references import (
    pack_references,
    unpack_references,
)
from audiospective.history.catalog.block_columns.spotify_ids import pack_id, pack_ids, unpack_id
from audiospective.history.catalog.decode import Block, Numbers, UnreadableBlockError
from audiospective.history.catalog.entries import Album, Artist, Entry, Kind, Track

# Every form that a column has, and values that fit none.
texts = st.text(max_size=12) | st.sampled_from(["a\nb", "\x00", "\ud800", "Ä" * 40, ""])
spotify_ids = st.none() | st.text(max_size=24) | st.sampled_from([
    "4uLU6hMCjMI75M1A2tKUQC", "0" * 22, "7" * 22, "zzzzzzzzzzzzzzzzzzzzzz", "short",
    "0000000000000000000001", "4uLU6hMCjMI75M1A2tKUQ!",
])  # fmt: skip
whole = st.none() | st.integers(0, 300) | st.sampled_from([2**24, 2**31 - 1, 2**32 - 2, 2**40, -1])
references = st.integers(1, 40) | st.integers(1, 2**31 - 1)
artists = st.builds(Artist, spotify_ids, texts)
albums = st.builds(
    Album,
    spotify_ids,
    texts,
    st.sampled_from([None, "album", "single", "compilation", "ep", "Mixtape", ""]),
    st.none() | st.sampled_from(["1975", "1975-11", "1975-11-21", "0000", "2200-01-01", "75", ""]),
    st.sampled_from([None, "year", "month", "day", "decade"]),
    whole,
    st.none()
    | st.sampled_from([
        "https://i.scdn.co/image/ab67616d00001e02" + "0123456789abcdef01234567",
        "https://i.scdn.co/image/ab67616d0000b273" + "f" * 24,
        "https://i.scdn.co/image/" + "9" * 40,
        "https://i.scdn.co/image/" + "A" * 40,
        "https://elsewhere.example/picture.png", "",
    ]),
)  # fmt: skip
tracks = st.builds(
    Track,
    spotify_ids,
    texts,
    st.sampled_from(["track", "episode", "chapter", "audiobook"]),
    st.none() | references,
    st.lists(references, max_size=4).map(tuple) | st.just(tuple(range(1, 300))),
    whole,
    st.sampled_from([None, True, False]),
    st.sampled_from([None, "GBAYE7500001", "gbaye7500001", "QZ", "USRC10000000", "USRC19999999"]),
    whole,
    whole,
    st.booleans(),
)


def opened(kind: Kind, entries: list[Entry | None]) -> list[Entry | None]:
    return list(Block(kind, len(entries), *encode.encode(kind, entries)))


@given(st.lists(st.none() | artists, min_size=1, max_size=20))
def test_artists_come_back_exactly(entries: list[Entry | None]) -> None:
    assert opened(Kind.ARTIST, entries) == entries


@given(st.lists(st.none() | albums, min_size=1, max_size=20))
def test_albums_come_back_exactly(entries: list[Entry | None]) -> None:
    assert opened(Kind.ALBUM, entries) == entries


@given(st.lists(st.none() | tracks, min_size=1, max_size=20))
def test_tracks_come_back_exactly(entries: list[Entry | None]) -> None:
    assert opened(Kind.TRACK, entries) == entries


@given(st.lists(st.none() | tracks, min_size=1, max_size=20))
def test_numbers_alone_say_the_same_as_the_entries(entries: list[Entry | None]) -> None:
    numbers = Numbers(len(entries), encode.encode(Kind.TRACK, entries)[0])
    for place, entry in enumerate(entries):
        assert numbers.gone(place) is (entry is None)
        if isinstance(entry, Track):
            assert numbers.artists(place) == entry.artists
            assert numbers.albums[place] == entry.album
            if entry.duration_ms is None or 0 <= entry.duration_ms <= LARGEST:
                assert numbers.duration(place) == entry.duration_ms


@given(st.lists(st.none() | artists, min_size=1, max_size=20))
def test_spotify_ids_are_read_without_the_rest(entries: list[Entry | None]) -> None:
    block = Block(Kind.ARTIST, len(entries), *encode.encode(Kind.ARTIST, entries))
    for place, entry in enumerate(entries):
        own = None if entry is None else entry.spotify_id
        if own is not None:
            assert block.carries(place, own)
        assert not block.carries(place, "4uLU6hMCjMI75M1A2tKUQD")


@given(st.lists(st.none() | st.integers(1, 60) | references, max_size=30))
def test_references_come_back_in_any_order(ids: list[int | None]) -> None:
    packed = b"?" + pack_references(ids) + b"rest"
    found, end = unpack_references(packed, 1, len(ids))
    assert found == ids
    assert packed[end:] == b"rest"


def test_references_in_order_of_arrival_take_one_plane() -> None:
    ids = [70_001, 70_001, 70_002, 69_990, 70_003, 70_003, 70_004]
    assert len(pack_references(ids)) == 4 + 1 + len(ids)


@given(st.integers(1, 2**128 - 1))
def test_every_128_bits_are_an_id_of_22_characters(number: int) -> None:
    text = unpack_id(number.to_bytes(16, "big"))
    assert text is not None
    assert len(text) == 22
    assert pack_id(text) == number.to_bytes(16, "big")


numbers_of_ids = st.lists(st.integers(1, 2**128 - 1), max_size=30)


@given(numbers_of_ids, st.lists(spotify_ids, max_size=2))
def test_ids_are_packed_together_as_one_by_one(
    numbers: list[int], others: list[str | None]
) -> None:
    ids = [unpack_id(number.to_bytes(16, "big")) for number in numbers]
    assert pack_ids(ids) == [pack_id(one) for one in ids]
    mixed = [*ids, *others]
    if pack_ids(mixed) is None:
        assert any(one is None or pack_id(one) is None for one in others)
    else:
        assert pack_ids(mixed) == [pack_id(one) for one in mixed]


@given(st.lists(st.none() | tracks, min_size=1, max_size=20), st.booleans())
def test_no_blocks_are_smaller_than_is_said_of_them(
    entries: list[Entry | None], plain: bool
) -> None:
    if plain:
        entries = [entry and Track(None, "") for entry in entries]
    made = packing.blocks(Kind.TRACK, 1, entries)
    assert packing.least(entries) <= sum(one.size for one in made)


def test_ordinary_facts_need_no_exception() -> None:
    entries: list[Entry | None] = [
        Track(told.spotify_id, told.name, told.kind, 5, (3, 4), told.duration_ms, told.explicit,
              told.isrc, told.disc_number, told.track_number, described=True)
        for told in arrivals(50)
    ]  # fmt: skip
    _, facts = encode.encode(Kind.TRACK, entries)
    version, apart = encode.FIRST_HEAD.unpack_from(facts)
    body = zlib.decompress(facts[encode.FIRST_HEAD.size + apart :], -15)
    _, odd = encode.LENGTHS.unpack_from(body)
    assert (version, apart, odd) == (encode.FIRST_FORMAT, 16 * len(entries), 0)
    assert opened(Kind.TRACK, entries) == entries


def test_runs_fill_blocks_and_lose_nothing() -> None:
    names = [Artist(told.spotify_id, told.name) for told in arrivals(2_000)]
    names[700] = Artist(None, "".join(Random(7).choices("あいうえおかきくけこ", k=2_000)))
    made = packing.blocks(Kind.ARTIST, 11, names)
    assert [
        entry for one in made for entry in Block(one.kind, one.count, one.numbers, one.facts)
    ] == names
    assert [one.first for one in made] == [
        11 + sum(o.count for o in made[:n]) for n in range(len(made))
    ]
    sizes = sorted(one.size for one in made[:-1])
    assert sizes[len(sizes) // 4] > packing.LARGEST * 0.95
    assert sizes[-1] <= packing.LARGEST


def test_an_entry_larger_than_a_block_stands_alone() -> None:
    huge = Artist(None, "".join(map(chr, Random(7).choices(range(0x4E00, 0x9F00), k=3_000))))
    made = packing.blocks(Kind.ARTIST, 1, [Artist(None, "a"), huge, Artist(None, "b")])
    assert [one.count for one in made] == [1, 1, 1]
    assert made[1].size > packing.LARGEST


@pytest.mark.parametrize("facts", [b"", b"\x09\x00\x00", b"\x01\x00\x00junk", b"\x01"])
def test_bytes_that_are_no_block_are_refused(facts: bytes) -> None:
    with pytest.raises(UnreadableBlockError):
        list(Block(Kind.ARTIST, 1, b"", facts))
