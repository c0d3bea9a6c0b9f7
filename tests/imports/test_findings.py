"""What is kept with an import is read by the releases before and after the one that wrote it."""

from __future__ import annotations

import orjson

from audiospective.imports import reasons
from audiospective.imports.balance_sheet import Sums
from audiospective.imports.choices import Choices
from audiospective.imports.findings import Findings, FoundFile
from audiospective.imports.review import Review


def test_what_the_next_release_keeps_besides_is_passed_over() -> None:
    choices = Choices(private=True, zone="Asia/Kathmandu")
    told = orjson.loads(choices.dumps()) | {"of_tomorrow": [1]}
    assert Choices.loads(orjson.dumps(told).decode()) == choices

    findings = Findings([FoundFile(0, "endsong_0.json", 9, "spotify_extended")], tracks=3)
    kept = orjson.loads(findings.dumps()) | {"of_tomorrow": {}}
    kept["files"][0]["of_tomorrow"] = "x"
    assert Findings.loads(orjson.dumps(kept)) == findings

    review = Review(files={0: Sums(rows=2, added=2)}, total=Sums(rows=2, added=2))
    more = {"of_tomorrow": 1, "tracks_after": 3}  # the last one is of yesterday
    shown = review.as_dict() | more
    shown["total"] |= more
    assert Review.from_dict(orjson.loads(orjson.dumps(shown, option=orjson.OPT_NON_STR_KEYS))) == (
        review
    )


def test_what_an_earlier_release_did_not_keep_is_as_by_default() -> None:
    assert Choices.loads("{}") == Choices()
    assert Findings.loads("{}") == Findings()


def test_a_reason_that_only_the_next_release_knows_is_the_word_it_is() -> None:
    assert reasons.sentence("of_tomorrow") == "of_tomorrow"
    assert reasons.sentence("no_time") == reasons.Reason.NO_TIME.sentence
