"""How a headline is broken into the lines of the picture."""

from __future__ import annotations

import pytest

from audiospective.web.reports.picture import LINE, width, wrapped

NAME = "東京スカパラダイスオーケストラ"  # 30 wide, without a blank


@pytest.mark.parametrize(
    ("headline", "lines"),
    [
        ("", [""]),
        ("You heard 12 new artists", ["You heard 12 new artists"]),
        ("a" * 38, ["a" * 38]),
        ("You heard more of Alpha than of anybody", ["You heard more of", "Alpha than of anybody"]),
        (f"You heard {NAME} most", ["You heard", f"{NAME} most"]),
        (f"Most of all: {NAME}", ["Most of all:", NAME]),
        (f"{NAME} more than anybody", [NAME, "more than anybody"]),
        (f"{NAME} {NAME}", [NAME, NAME]),
        (f"{'a' * 40} {'b' * 40}", ["a" * 37 + "…", "b" * 37 + "…"]),
        ("a" * 40, ["a" * 37 + "…"]),
        ("four " * 20, ["four four four four four four four", "four " * 7 + "fo…"]),
    ],
)
def test_a_headline_takes_one_line_or_two_and_the_room_there_is(
    headline: str, lines: list[str]
) -> None:
    found = wrapped(headline, LINE)
    assert list(found) == lines
    assert max(map(width, found)) <= LINE
