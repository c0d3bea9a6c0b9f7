"""What is said of a monthly export that did not arrive."""

from __future__ import annotations

from tests.notices.reading import BASE, ms, write

EXAMPLES = [
    {
        "said": "The service did not answer.",
        "ends": ends,
        "exports_url": f"{BASE}/exports",
        "schedule_url": f"{BASE}/exports/schedule",
    }
    for ends in (False, True)
]
EXAMPLES.append(EXAMPLES[0] | {"next": ms(24)})  # those before as older releases owed them
EXAMPLES += [EXAMPLES[1] | {"keys": keys} for keys in (False, True)]


def test_it_says_why_and_that_nothing_is_lost() -> None:
    words = write("scheduled_export_failed", EXAMPLES[0])
    assert "The service did not answer." in words.text
    assert "nothing is lost" in words.text


def test_the_third_in_a_row_says_that_it_is_over() -> None:
    words = write("scheduled_export_failed", EXAMPLES[1])
    assert "third in a row" in words.text
    assert "ended" in words.subject


def test_keys_are_called_deleted_where_some_were_given() -> None:
    texts = [" ".join(write("scheduled_export_failed", one).text.split()) for one in EXAMPLES[3:]]
    said = ["the keys that you gave are deleted" in text for text in texts]
    assert said == [False, True]


def test_it_names_the_day_of_the_next_one_which_may_be_tomorrow() -> None:
    text = " ".join(write("scheduled_export_failed", EXAMPLES[2]).text.split("\n"))
    assert "The next one is made on 24\u00a0November 2026;" in text
