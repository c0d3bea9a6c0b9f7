"""What is said of a monthly export that did not arrive."""

from __future__ import annotations

from tests.notices.reading import BASE, write

EXAMPLES = [
    {
        "said": "The service did not answer.",
        "ends": ends,
        "exports_url": f"{BASE}/exports",
        "schedule_url": f"{BASE}/exports/schedule",
    }
    for ends in (False, True)
]


def test_it_says_why_and_that_nothing_is_lost() -> None:
    words = write("scheduled_export_failed", EXAMPLES[0])
    assert "The service did not answer." in words.text
    assert "nothing is lost" in words.text


def test_the_third_in_a_row_says_that_it_is_over() -> None:
    words = write("scheduled_export_failed", EXAMPLES[1])
    assert "third in a row" in words.text
    assert "ended" in words.subject
