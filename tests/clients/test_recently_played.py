"""Every item of a page becomes a play or is kept as it came."""

from __future__ import annotations

import contextlib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.clients.recently_played import MalformedPageError, instant_ms, read_page

TRACK = {
    "id": "0aB1cD2eF3gH4iJ5kL6mN7",
    "name": "Slack Water",
    "type": "track",
    "duration_ms": 238805,
    "explicit": False,
    "disc_number": 1,
    "track_number": 4,
    "external_ids": {"isrc": "GBXYZ1900123"},
    "artists": [
        {"id": "3ZotbHeyVQbbTxmPDLnk4x", "name": "Harbour Lights"},
        {"id": "4AAAAAAAAAAAAAAAAAAAAA", "name": "Second"},
    ],
    "album": {
        "id": "6Jk2mQpR0sVbYx8LwTn4Ge",
        "name": "Northern Quay",
        "album_type": "album",
        "release_date": "2019-03-08",
        "release_date_precision": "day",
        "total_tracks": 11,
        "images": [
            {"url": "https://i.scdn.co/image/large", "width": 640, "height": 640},
            {"url": "https://i.scdn.co/image/middle", "width": 300, "height": 300},
        ],
    },
}
ITEM = {
    "track": TRACK,
    "played_at": "2026-11-21T18:42:07.513Z",
    "context": {"type": "playlist", "uri": "spotify:playlist:1xY2zA3bC4dE5fG6hI7jK8"},
}


def read(*items):
    return read_page(orjson.dumps({"items": items}))


def test_a_full_item_is_read_to_the_millisecond_with_everything_the_archive_keeps():
    (play,) = read(ITEM).plays
    assert play.played_at == 1795286527513
    assert play.context == "spotify:playlist:1xY2zA3bC4dE5fG6hI7jK8"
    track = play.track
    assert (track.spotify_id, track.name, track.isrc) == (
        TRACK["id"],
        "Slack Water",
        "GBXYZ1900123",
    )
    assert (track.duration_ms, track.explicit, track.disc_number, track.track_number) == (
        238805,
        False,
        1,
        4,
    )
    assert [artist.name for artist in track.artists] == ["Harbour Lights", "Second"]
    assert (track.album.name, track.album.release_date, track.album.total_tracks) == (
        "Northern Quay",
        "2019-03-08",
        11,
    )
    assert track.album.image_url == "https://i.scdn.co/image/middle"


@pytest.mark.parametrize("context", [None, {}, {"type": "collection"}, "odd", []])
def test_a_play_without_a_context_is_a_play(context):
    (play,) = read({**ITEM, "context": context}).plays
    assert play.context is None


@pytest.mark.parametrize("field", sorted(set(TRACK) - {"id"}))
def test_every_field_of_a_track_but_its_id_may_be_missing_or_null(field):
    track = {name: value for name, value in TRACK.items() if name != field}
    assert len(read({**ITEM, "track": track}).plays) == 1
    assert len(read({**ITEM, "track": {**TRACK, field: None}}).plays) == 1


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        "text",
        {},
        {**ITEM, "track": None},
        {**ITEM, "track": {**TRACK, "id": None}},
        {**ITEM, "track": {**TRACK, "id": "../../me"}},
        {**ITEM, "played_at": None},
        {**ITEM, "played_at": "yesterday"},
        {**ITEM, "played_at": "2026-11-21T18:42:07"},  # no zone: not a known instant
        {**ITEM, "played_at": "2026-02-31T18:42:07Z"},
        {**ITEM, "played_at": "0001-01-01T00:00:00+14:00"},
        {**ITEM, "played_at": "9999-12-31T23:59:59.999Z"},
        {**ITEM, "played_at": 1795286527513},
    ],
)
def test_an_item_that_is_no_play_is_kept_and_the_others_are_read(item):
    page = read(item, ITEM)
    assert (len(page.plays), len(page.unreadable), page.offered) == (1, 1, 2)
    (kept,) = page.unreadable
    assert orjson.loads(kept.raw) == item
    assert kept.reason


@pytest.mark.parametrize(
    ("item", "ended"),
    [
        ({**ITEM, "track": None}, instant_ms(ITEM["played_at"])),
        ({**ITEM, "track": {**TRACK, "id": None}}, instant_ms(ITEM["played_at"])),
        ({**ITEM, "played_at": "yesterday"}, None),
        ({**ITEM, "played_at": "9999-01-01T00:00:00Z"}, None),
        ({**ITEM, "track": None, "played_at": "9998-12-31T23:59:59Z"}, 253370764799000),
        ({**ITEM, "track": None, "played_at": "1969-12-31T00:00:00Z"}, None),
        ("item", None),
    ],
)
def test_an_unreadable_item_keeps_the_time_that_it_tells(item, ended):
    page = read(item)
    assert page.unreadable[0].played_at == ended
    assert page.times == ([] if ended is None else [ended])


@pytest.mark.parametrize(
    ("linked", "told"),
    [
        ({"id": "1XXXXXXXXXXXXXXXXXXXXX", "type": "track"}, "1XXXXXXXXXXXXXXXXXXXXX"),
        ({"id": TRACK["id"]}, None),  # it stands for itself
        ({"id": "../me"}, None),
        ({}, None),
        ("1XXXXXXXXXXXXXXXXXXXXX", None),
        (None, None),
    ],
)
def test_a_play_tells_which_track_was_played_where_another_stands_in(linked, told):
    (play,) = read({**ITEM, "track": {**TRACK, "linked_from": linked}}).plays
    assert (play.linked_from, play.track.spotify_id) == (told, TRACK["id"])


def test_the_same_unreadable_item_has_the_same_digest():
    first, second = read({"a": 1, "b": 2}, {"b": 2, "a": 1}).unreadable
    assert first.digest == second.digest


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"items": null}',
        b'{"items": {}}',
        b"<html>Bad gateway</html>",
        orjson.dumps({"items": [ITEM]})[:-40],
        b"\xff\xfe",
        b"NaN",
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_page_is_an_error(body):
    with pytest.raises(MalformedPageError):
        read_page(body)


def test_an_empty_page_is_an_answer():
    page = read_page(b'{"items": [], "next": null, "cursors": null, "limit": 50}')
    assert (page.plays, page.offered, page.oldest, page.newest) == ((), 0, None, None)


def test_two_plays_at_one_time_are_two_plays():
    other = {**ITEM, "track": {**TRACK, "id": "7777777777777777777777"}}
    assert len(read(ITEM, other).plays) == 2


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:00.001Z", 1),
        ("2026-11-21T18:42:07Z", 1795286527000),
        ("2026-11-21T18:42:07.5Z", 1795286527500),
        ("2026-11-21T20:42:07.513+02:00", 1795286527513),
        ("2026-11-21T18:42:07.513999999Z", 1795286527513),
    ],
)
def test_times_are_read_exactly(text, ms):
    assert instant_ms(text) == ms


@pytest.mark.parametrize(
    ("escaped", "kept"),
    [("\\ud83d", "?"), ("a\\u0000b", "ab"), ("", ""), ("x" * 5000, "x" * 2000)],
)
def test_names_that_a_database_refuses_are_made_storable_and_cost_no_page(escaped, kept):
    body = orjson.dumps({"items": [ITEM, {**ITEM, "played_at": 0}]}).decode()
    page = read_page(body.replace("Slack Water", escaped).encode())
    assert [play.track.name for play in page.plays] == [kept]
    assert len(page.unreadable) == 1
    page.unreadable[0].raw.encode()


def texts(found, *way):
    """The ways to every text in an item."""
    if isinstance(found, dict):
        return [one for key, inner in found.items() for one in texts(inner, *way, key)]
    if isinstance(found, list):
        return [one for key, inner in enumerate(found) for one in texts(inner, *way, key)]
    return [way] if isinstance(found, str) else []


@pytest.mark.parametrize("way", texts(ITEM), ids=str)
@pytest.mark.parametrize("odd", ["\\ud83d", "\\u0000"])
def test_no_text_of_an_item_is_one_that_cannot_be_stored(way, odd):
    item = orjson.loads(orjson.dumps(ITEM))
    inner = item
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] += "odd"
    page = read_page(orjson.dumps({"items": [item]}).replace(b"odd", odd.encode()))
    kept = orjson.dumps([*page.plays, *page.unreadable])
    assert page.offered == 1
    assert b"\\u0000" not in kept


@pytest.mark.parametrize("depth", [100, 900, 5000])
def test_an_item_nested_deeply_costs_no_other_item(depth):
    nested = "[" * depth + "]" * depth
    body = b'{"items": [%s, %s]}' % (orjson.dumps(ITEM), nested.encode())
    try:
        page = read_page(body)
    except MalformedPageError:
        assert depth > 900  # beyond what any JSON reader follows
    else:
        assert (len(page.plays), len(page.unreadable)) == (1, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(ITEM, JSON)), max_size=5))
def test_whatever_the_items_are_each_is_a_play_or_kept(items):
    page = read(*items)
    assert len(page.plays) + len(page.unreadable) == len(items) == page.offered


@given(st.binary(max_size=200))
def test_whatever_the_body_is_it_is_a_page_or_an_error(body):
    with contextlib.suppress(MalformedPageError):
        read_page(body)
