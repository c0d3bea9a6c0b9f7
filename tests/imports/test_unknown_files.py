"""A file that is damaged or was cut off is called so, and not one of a kind that is not known."""

from __future__ import annotations

import pytest

from audiospective.imports import json_faults
from tests.imports.reading_files import read

INCOMPLETE, DAMAGED, UNKNOWN = "The file is incomplete", "The file is damaged", "JSON of a kind"
ROW = '{\n "ts": "2023-01-01T00:00:00Z",\n "name": "Say \\"when\\" \\u00e9",\n "heard": true\n}'


@pytest.mark.parametrize("cut", range(1, len(ROW) + 1))
def test_json_that_was_cut_off_anywhere_is_incomplete(cut: int) -> None:
    said = json_faults.sentence(f"[{ROW[:cut]}", whole=True)
    assert said is not None
    assert said.startswith(INCOMPLETE)
    assert json_faults.sentence(f"[{ROW[:cut]}", whole=False) is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"error": "expired"}', UNKNOWN),
        ('{"a": 1}\n{"a": 2}\n', UNKNOWN),
        ('{"a": 1}\n{"a": 2}\n{"a', f"{INCOMPLETE}: it ends in the middle in line 3."),
        ('[\n{"a": 1},\n{oops}\n]', f"{DAMAGED} in line 3:"),
        ('{"a": [1, 2,}', f"{DAMAGED}:"),
        ('[{"a": 1}}', f"{DAMAGED}:"),
        ("[" * 100_000, UNKNOWN),
        ("[" + '{"a": 1}, ' * 10_000, UNKNOWN),  # its end is not looked at
    ],
)
def test_json_that_no_source_knows_says_what_is_wrong_with_it(content: str, sentence: str) -> None:
    (said,) = read({"x.json": content.encode()}).sentences
    assert said.startswith(sentence)


def test_texts_that_cannot_be_read_as_they_are_say_why() -> None:
    table = "time,title,artist\n2024-01-01 10:00,Für,Ü\n"
    assert len(read({"x.csv": table.encode("utf-16")}).plays) == 1
    for code in ("utf-16-le", "utf-16-be"):
        (said,) = read({"x.csv": table.encode(code)}).sentences
        assert "UTF-16" in said
    (said,) = read({"x.json": bytes(5_000)}).sentences
    assert "nothing but zeros" in said
