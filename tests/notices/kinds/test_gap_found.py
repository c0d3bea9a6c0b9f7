"""What a member reads when plays may be missing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.models.gaps import Gap
from audiospective.models.notices import Notice
from audiospective.notices import compose, kind, owing
from audiospective.policy.gaps import Cause
from tests.factories import make_user
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


def test_a_gap_that_an_import_has_closed_meanwhile_is_not_told(services, frozen):
    alice = make_user("alice", email="alice@mail.example", email_verified_at=clock.now())
    start, end = frozen.now - timedelta(hours=3), frozen.now - timedelta(hours=1)
    gap = Gap.create(user=alice, started_at=start, probably_from=start, ended_at=end,
                     cause="overflow", certainty="sure", opened_at=frozen.now)  # fmt: skip
    owing.owe(services, only="gap_found")
    notice, about = Notice.get(), kind.find("gap_found")
    assert compose.envelope(services, about, notice) is not None
    Gap.update(closed_at=frozen.now).where(Gap.id == gap.id).execute()
    assert compose.envelope(services, about, notice) is None
    Gap.update(closed_at=None).where(Gap.id == gap.id).execute()  # the import was taken back
    assert compose.envelope(services, about, notice) is not None
    Gap.delete().execute()
    assert compose.envelope(services, about, notice) is None
