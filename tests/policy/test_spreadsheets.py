"""Lists in one cell of a spreadsheet come back, also from files of earlier releases."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.exports.formats import csv
from audiospective.policy.spreadsheets import SEVERAL, listed

names = st.text(alphabet="; ,&\"'ab", min_size=1, max_size=8).map(str.strip).filter(bool)


@given(st.lists(names, min_size=1, max_size=4))
def test_every_list_of_names_comes_back(artists: list[str]) -> None:
    written = pl.DataFrame({"artists": [artists]}).select(csv.ARTISTS.list.join(SEVERAL))
    (cell,) = written.to_series()
    assert [name.strip() for name in listed(cell, artists[0])] == artists


@pytest.mark.parametrize(
    ("cell", "first", "artists"),
    [
        ("Ann; Bo", "Ann", ["Ann", "Bo"]),
        ("Now; Here", "Now; Here", ["Now; Here"]),
        ("Now; Here; Bo", "Now; Here", ["Now; Here", "Bo"]),
        ("Steins;Gate", "Steins;Gate", ["Steins;Gate"]),
        ("Ann; Steins;Gate", "Ann", ["Ann", "Steins;Gate"]),
        ("Ann", None, ["Ann"]),
    ],
)
def test_lists_of_earlier_releases_are_read(
    cell: str, first: str | None, artists: list[str]
) -> None:
    assert listed(cell, first) == artists
