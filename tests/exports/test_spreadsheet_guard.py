"""Names in spreadsheets: none is taken for something else, and all come back."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.exports.formats.spreadsheet_guard import guarded, unguarded


def guard(*texts: str) -> list[str]:
    return pl.DataFrame({"text": texts}).select(guarded(pl.col("text"))).to_series().to_list()


def back(*texts: str) -> list[str]:
    return pl.DataFrame({"text": texts}).select(unguarded(pl.col("text"))).to_series().to_list()


@pytest.mark.parametrize(
    "name",
    [
        "=1+1", "+1", "-2", "@me", "\t=1", "\rx", " =1", "＝1", "＋1", "－1", "＠x",
        "007", "1E5", "1e10", "3/4", "1-2", "12:30", "1.10", "12345678901234567", "May 5",
        "5 May", "3 March 1999", "Sept 11", "TRUE", "false", "1 1/2", "2001-09-11", "4:44 pm",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_change_gets_an_apostrophe(name: str) -> None:
    assert guard(name) == [f"'{name}"]


@pytest.mark.parametrize(
    "name",
    [
        "Slack Water", "1979", "99 Luftballons", "22", "'Til I Collapse", "Mayday", "True Blue",
        "", "1, 2, 3, 4", "Octopus", "24/7 Blues", "硝子の電車", "...And Then", "$9.99 + tax",
    ],
)  # fmt: skip
def test_other_names_stay_as_they_are(name: str) -> None:
    assert guard(name) == [name]


@given(st.lists(st.text(alphabet="'=+-@ \t\ra0/5:.eMay", max_size=8) | st.text(), min_size=1))
def test_every_name_comes_back(names: list[str]) -> None:
    assert back(*guard(*names)) == names
