"""What a member reads when polling stopped."""

from __future__ import annotations

from audiospective.policy.failures import NEED_PERSON, Failure
from tests.notices.reading import BASE, ms, write

STOPPED = {"stopped_at": ms(3), "reconnect_url": f"{BASE}/reconnect/token"}
MENDED_BY_HAND = sorted(failure.value for failure in NEED_PERSON - {Failure.AUTH})
REASONS = (
    "revoked",
    "expired",
    *(f"{name}{own}" for name in MENDED_BY_HAND for own in ("", "_own")),
)
EXAMPLES = [
    {**STOPPED, "reason": reason, "step": step, "last": step == 2}
    for reason in REASONS
    for step in (0, 1, 2)
] + [{**STOPPED, "reason": "withheld", "step": step, "last": step == 2, "never": True}
     for step in (0, 1, 2)]  # fmt: skip


def test_the_subject_says_since_when():
    subjects = [write("archive_stopped", example).subject for example in EXAMPLES[:3]]
    assert subjects[0] == "Audiospective stopped saving your plays on 3 November 2026"
    assert len(set(subjects)) == 3


def test_where_no_check_ever_worked_none_is_called_the_last_that_did():
    never = [write("archive_stopped", one) for one in EXAMPLES if one.get("never")]
    assert len({words.subject for words in never}) == 3
    for words in never:
        assert "no check has worked" in " ".join(words.text.split())
        assert "check that worked" not in words.text + words.html
        assert "stopped" not in words.subject + words.text + words.html
        assert "because no plays are saved" in " ".join(words.text.split())
        assert "because no plays are saved" in words.html


def test_the_last_one_offers_reconnecting_only_where_that_helps():
    for example in EXAMPLES:
        if example["last"]:
            words = write("archive_stopped", example)
            said = " ".join(words.text.split())
            mendable = example["reason"] in ("revoked", "expired")
            assert ("you can reconnect at any time" in said) == mendable
            assert ("we go on asking" in said) == ("we go on asking" in words.html) != mendable


def test_whoever_has_no_name_is_greeted_without_one():
    assert write("archive_stopped", EXAMPLES[0], name="").text.startswith("Hello,")


def test_only_who_can_reconnect_is_asked_to():
    for example in EXAMPLES:
        asked = STOPPED["reconnect_url"] in write("archive_stopped", example).text
        assert asked == (example["reason"] in ("revoked", "expired"))


def test_each_failure_that_only_a_person_can_mend_is_explained():
    for example in EXAMPLES:
        assert "Why: " in write("archive_stopped", example).text, example["reason"]
