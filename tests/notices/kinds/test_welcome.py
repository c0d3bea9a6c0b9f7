"""What a new member reads."""

from __future__ import annotations

from tests.notices.reading import write

EXAMPLES = [{"number": 17}, {"number": None}]


def test_a_founding_member_is_told_their_number():
    founder, member = (write("welcome", example) for example in EXAMPLES)
    assert founder.subject == "You are founding member 17"
    assert "founding" not in member.text
