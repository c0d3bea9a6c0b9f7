"""What is said of plays that could not be sent on."""

from __future__ import annotations

from tests.notices.reading import BASE, write

EXAMPLES = [
    {
        "said": "The server does not know this token.",
        "ends": ends,
        "settings_url": f"{BASE}/settings/forwarding",
    }
    for ends in (False, True)
]


def test_it_says_why_and_that_nothing_is_lost() -> None:
    for example in EXAMPLES:
        words = write("forwarding_failed", example)
        assert "does not know this token" in words.text
        assert "nothing is lost" in " ".join(words.text.split())


def test_where_only_another_token_helps_it_says_so() -> None:
    trying, ended = (write("forwarding_failed", example) for example in EXAMPLES)
    assert "We keep trying" in trying.text
    assert "do not reach" in trying.subject
    assert "until you enter another token" in " ".join(ended.text.split())
    assert "not sent on any more" in ended.subject
