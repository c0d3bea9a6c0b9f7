"""What a member reads when plays may be missing."""

from __future__ import annotations

import pytest

from audiospective.policy.gaps import Cause
from tests.notices.reading import Reader, ms, write

AT = {"start": ms(3), "end": ms(4)}
EXAMPLES = [AT | {"cause": "overflow"}, AT | {"cause": "late"}, AT]  # as older releases owed it


def test_it_says_between_when_and_when():
    text = " ".join(write("gap_found", EXAMPLES[0]).text.split())
    assert "3 November 2026, 14:05" in text
    assert "4 November 2026, 14:05" in text


@pytest.mark.parametrize("cause", [Cause.OVERFLOW, Cause.LATE, None])
@pytest.mark.parametrize("name", ["Mara <b>", None])
def test_it_says_what_led_to_it_and_promises_nothing_that_does_not_help(cause, name):
    words = write("gap_found", AT | ({"cause": cause.value} if cause else {}), name=name)
    for said in (" ".join(words.text.split()), " ".join(Reader(words.html).words)):
        if cause is Cause.LATE:
            assert "device that was offline sent more plays than Spotify still shows" in said
            assert "between two checks" not in said
            assert "more often" not in said
        else:
            assert "ore than 50 plays reached Spotify between two checks" in said
            assert "We check more often from now on." in said
            assert "offline" not in said
