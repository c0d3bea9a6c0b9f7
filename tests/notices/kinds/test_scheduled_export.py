"""What the monthly e-mail with an export says."""

from __future__ import annotations

from tests.notices.reading import BASE, ms, write

EXAMPLES = [
    {
        "export": 7,
        "file": "audiospective-alice-2026-11-26.zip",
        "plays": 41_873,
        "exports_url": f"{BASE}/exports",
        "schedule_url": f"{BASE}/exports/schedule",
        "until": ms(29),
        "expires_at": ms(29),
    }
]
EXAMPLES = [EXAMPLES[0], EXAMPLES[0] | {"next": ms(24)}]  # the first as older releases owed it


def test_it_says_what_is_ready_until_when_and_how_to_end_it() -> None:
    words = write("scheduled_export", EXAMPLES[0])
    assert "41,873 plays" in words.text
    assert "29\u00a0November 2026" in words.text
    assert "/exports/schedule" in words.text
    assert "/file" not in words.text + words.html  # the file itself needs a sign-in


def test_it_names_the_day_of_the_next_one_which_may_be_tomorrow() -> None:
    words = write("scheduled_export", EXAMPLES[1])
    for said in (words.text, words.html):
        assert "the next one comes on 24\u00a0November 2026." in " ".join(said.split("\n"))
        assert "in a month" not in said
