"""Values of unsure types, and times in the ways in which files write them."""

from __future__ import annotations

import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audiospective.imports.reading import raw, times, values, written_times
from tests.imports.reading_files import ms

ANYTHING: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)


@given(ANYTHING)
@example(-1e308)  # a number of seconds of which there is none of milliseconds
def test_nothing_is_too_odd_to_be_looked_at(value: Any) -> None:
    found = values.text(value)
    assert found is None or found.encode()
    for length in (values.milliseconds(value), values.positive(value, 1_000)):
        assert length is None or 0 <= length < 2**31
    for read in (values.number, values.boolean, values.names, values.uuid, values.isrc, times.unix):
        read(value)
    values.spotify_id(value)
    times.iso(value)
    assert times.zone(value) is None or isinstance(value, str)
    assert raw.of(value, ()).encode()
    written_times.read(str(value), True, ZoneInfo("Europe/Berlin"))


@given(st.text(st.sampled_from("0123456789-/:. TZ+APMm,novNOV"), max_size=30), st.booleans())
def test_no_text_that_resembles_a_time_is_an_error(text: str, day_first: bool) -> None:
    zone = ZoneInfo("America/St_Johns")
    times.iso(text, zone)
    written_times.read(text, day_first, zone)
    written_times.columns([text])


@pytest.mark.parametrize(
    ("written", "wall"),
    [
        ("2023-11-04T22:19:36Z", "2023-11-04T22:19:36"),
        ("2023-11-04T22:19:36.5Z", "2023-11-04T22:19:36.500"),
        ("2023-11-04T22:19:36.123456789Z", "2023-11-04T22:19:36.123"),
        ("2023-11-04T22:19:36+01:00", "2023-11-04T21:19:36"),
        ("2023-11-04T22:19:36-0330", "2023-11-05T01:49:36"),
        ("2023-11-04 22:19:36 UTC", "2023-11-04T22:19:36"),
        (" 2023-11-04 22:19 ", "2023-11-04T22:19:00"),
        ("2023-11-04", "2023-11-04T00:00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59"),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_an_iso_time_is_read_however_it_is_written(written: str, wall: str | None) -> None:
    found = times.iso(written)
    assert found is not None
    assert wall is None or found == ms(wall)


@pytest.mark.parametrize(
    "written",
    [
        "2023-02-30",
        "2023-13-01",
        "2023-11-04T25:00:00Z",
        "23-11-04",
        "2023-11-04T22:19:36Z extra",
        "",
        "٢٠٢٣-١١-٠٤",
    ],
)
def test_what_is_no_iso_time(written: str) -> None:
    assert times.iso(written) is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1_699_136_376, 1_699_136_376_000),
        ("1699136376", 1_699_136_376_000),
        (1_699_136_376.5, 1_699_136_376_500),
        (1_699_136_376_123, 1_699_136_376_123),
        (10**11, 10**14),
        *((bad, None) for bad in (0, -1, None, True, "x", [], float("nan"), float("inf"), 10**30)),
    ],
)
def test_unix_times_are_seconds_or_milliseconds(value: Any, found: int | None) -> None:
    assert times.unix(value) == found


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("2023-10-29T01:59:59", "2023-10-28T23:59:59"),
        ("2023-10-29T02:30:00", "2023-10-29T00:30:00"),  # comes twice: the first
        ("2023-10-29T03:00:00", "2023-10-29T02:00:00"),
        ("2023-03-26T02:30:00", "2023-03-26T01:30:00"),  # never comes
    ],
)
def test_a_wall_clock_is_read_with_its_summer_time(wall: str, utc: str) -> None:
    assert times.localized(ms(wall), ZoneInfo("Europe/Berlin")) == ms(utc)


def test_of_a_rejected_row_only_what_is_known_is_shown() -> None:
    row = {"ts": "x", "ip_addr": "203.0.113.7", "title": "a" * 5_000}
    shown = raw.of(row, {"ts", "title"})
    assert "203.0.113.7" not in shown
    assert len(shown) == 2_000


def quickest(text: str) -> float:
    """Of seconds for one text: what runs beside it makes some rounds longer, and not the best."""

    def once() -> float:
        began = time.process_time()
        raw.unreadable(text)
        return time.process_time() - began

    return min(once() for _ in range(9))


@pytest.mark.parametrize(
    "text",
    ['"' + "ipaddr" * 2_000, '"' * 9_000, "a" * 9_000, "a@" * 4_500, "1:" * 4_500, '"x\\' * 3_000],
)
def test_no_text_takes_long_to_be_blanked(text: str) -> None:
    harmless = quickest(("plain words, " * len(text))[: len(text)])
    assert quickest(text) < max(50 * harmless, 0.02)  # a quadratic one takes 300 times as long


@pytest.mark.parametrize(
    "text",
    [
        '{"ts": , "ip_addr_decrypted": "203.0.113.7", "x": 1}',
        '{"ip_addr": "2001:db8:0:0:1::7", "username": "alice-secret"',
        '{"user_agent_decrypted": "alice-secret \\" more", "a": nonsense}',
        "x,203.0.113.7,y",
        "mail alice@example.org please",
        '{"email": "alice-secret", "Postal Code": "alice-secret", "city_name": alice-secret}',
    ],
)
def test_of_text_that_is_no_row_what_looks_personal_is_blanked(text: str) -> None:
    shown = raw.unreadable(text)
    for personal in ("203.0.113.7", "2001:db8", "alice-secret", "alice@example.org"):
        assert personal not in shown
