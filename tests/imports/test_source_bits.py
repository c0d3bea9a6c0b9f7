"""Every source has a bit of its own that never changes."""

from __future__ import annotations

from audiospective.imports.source_bits import BITS, COMPLETE, LISTENS, trusted
from audiospective.imports.sources import SOURCES, Trust
from audiospective.models.plays import SENT_LIVE


def test_every_source_has_a_bit() -> None:
    assert {about.name for about in SOURCES} <= BITS.keys()
    assert set(COMPLETE) <= BITS.keys()


def test_the_bits_are_as_they_were_stored() -> None:
    first = ["spotify_extended", "spotify_account", "lastfm", "listenbrainz", "apple_music"]
    assert [BITS[name] for name in first] == [1, 2, 4, 8, 16]
    assert BITS[LISTENS] == SENT_LIVE == 1 << 18
    assert len(set(BITS.values())) == len(BITS)
    assert max(BITS.values()) < 1 << 31


def test_trusted_sources_include_those_trusted_more() -> None:
    assert trusted(Trust.LOW) == sum(BITS.values())
    assert trusted(Trust.HIGH) & BITS["lastfm"] == 0
    assert trusted(Trust.NORMAL) & BITS["lastfm"]
