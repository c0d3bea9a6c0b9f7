"""What is said of plays that could not be sent on."""

from __future__ import annotations

from audiospective.exports import forwarding
from tests.notices.reading import BASE, write

EXAMPLES = [
    {"said": said, "ends": ends, "settings_url": f"{BASE}/settings/forwarding"}
    for said, ends in ((forwarding.AWAY, False), (forwarding.REFUSED, True))
]


def test_it_says_why_and_that_nothing_is_lost() -> None:
    for example in EXAMPLES:
        text = " ".join(write("forwarding_failed", example).text.split())
        assert str(example["said"]) in text
        assert "nothing is lost" in text


def test_where_only_another_token_helps_it_says_so() -> None:
    trying, ended = (write("forwarding_failed", example) for example in EXAMPLES)
    assert "at most a day apart" in " ".join(trying.text.split())
    assert "do not reach" in trying.subject
    assert "until you enter another token" in " ".join(ended.text.split())
    assert "not sent on any more" in ended.subject
