"""The `.env` file."""

from __future__ import annotations

import pytest

from audiospective.supervisor import dotenv


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# only a comment\n\n", {}),
        ("A=1\nB=2\n", {"A": "1", "B": "2"}),
        ("A=", {"A": ""}),
        ("A = spaced ", {"A": "spaced"}),
        ("export A=1", {"A": "1"}),
        ("A=1 # why", {"A": "1"}),
        ("A= # nothing", {"A": ""}),
        ("A=a#b", {"A": "a#b"}),
        ("A=x=y==", {"A": "x=y=="}),
        ("A='single # kept'", {"A": "single # kept"}),
        ('A="double # kept" # why', {"A": "double # kept"}),
        (r'A="a\"b\\c\nd"', {"A": 'a"b\\c\nd'}),
        (r"A='a\nb'", {"A": r"a\nb"}),
        ("A=$HOME", {"A": "$HOME"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=1\nA=2", {"A": "2"}),
        ("MAIL_FROM=Alice <alice@archive.example>", {"MAIL_FROM": "Alice <alice@archive.example>"}),
    ],
)
def test_values_are_read(text: str, values: dict[str, str]) -> None:
    assert dotenv.parse(text) == values


@pytest.mark.parametrize("line", ["A", "1A=2", "A B=2", "A='open", 'A="open', "A='a' b", "=x"])
def test_a_line_that_makes_no_sense_is_named_by_number_and_not_shown(line: str) -> None:
    with pytest.raises(dotenv.DotenvError) as refused:
        dotenv.parse(f"OK=1\n{line}\n")
    assert str(refused.value) == "line 2 is not NAME=value"
