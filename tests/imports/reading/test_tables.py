"""Text tables: what was written is read, and one bad line stays one bad line."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiospective.imports.errors import ContainerError
from audiospective.imports.reading import tables
from audiospective.imports.reading.delimited import delimiter

CELL = st.text(st.sampled_from("ab\"',;\t é😀"), max_size=6)
QUOTING = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)


def read(content: bytes) -> tuple[list[str], list[tables.Row]]:
    header, rows = tables.table(io.BytesIO(content))
    return header, list(rows)


@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=6),
    st.sampled_from(",;\t"),
    st.sampled_from(QUOTING),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_program_wrote_is_read(
    rows: list[list[str]], sign: str, quoting: int, end: str, encoding: str
) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=sign, quoting=quoting, lineterminator=end)
    writer.writerow(["one", "two", "three"])
    writer.writerows(rows)
    header, found = read(file.getvalue().encode(encoding))
    assert header == ["one", "two", "three"]
    wanted = [row for row in rows if any(cell.strip() for cell in row)]
    assert [row.fields for row in found] == wanted


@given(st.lists(st.lists(st.text(st.sampled_from('a"\n,')), min_size=2, max_size=2), max_size=4))
def test_quoted_line_ends_belong_to_their_fields(rows: list[list[str]]) -> None:
    rows = [
        row
        for row in rows
        if any(c.strip(' ,"\n') for c in row) and all("\n\n" not in c for c in row)
    ]
    rows = [row for row in rows if not any(c.startswith("\n") or c.endswith("\n") for c in row)]
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["x", "y"], *rows])
    assert [row.fields for row in read(file.getvalue().encode())[1]] == rows


@pytest.mark.parametrize("bad", ['"open,1,2', 'a,"open,2', '"a"b"c,1,2', '"""'])
@pytest.mark.parametrize("quoted", [True, False])
def test_a_bad_quote_never_takes_the_next_lines_with_it(bad: str, quoted: bool) -> None:
    good = '"1","2","3"' if quoted else "1,2,3"
    lines = ["x,y,z", *[good] * 30, bad, *[good] * 30]
    _, found = read("\n".join(lines).encode())
    assert [row.number for row in found] == list(range(2, 63))
    assert sum(row.fields == ["1", "2", "3"] for row in found) == 60


def test_a_line_that_never_ends_is_refused() -> None:
    with pytest.raises(ContainerError, match="too long"):
        read(b"x,y\n" + b"a" * (tables.LINE + 10))


def test_an_empty_table_has_no_header() -> None:
    assert read(b"") == ([], [])
    assert read(b"\n\n") == ([], [])


@pytest.mark.parametrize(
    ("line", "sign"), [("a,b", ","), ("a;b,c;d", ";"), ("a\tb", "\t"), ("a", ","), ('"a,b";c', ";")]
)
def test_the_sign_that_parts_most_fields_is_the_delimiter(line: str, sign: str) -> None:
    assert delimiter(line) == sign


def test_foreign_bytes_are_read_as_windows_writes_them() -> None:
    assert [row.fields for row in read(b"x,y\nCaf\xe9,\x80\n")[1]] == [["Café", "€"]]


def test_nul_and_lone_returns_are_no_obstacle() -> None:
    assert [row.fields for row in read(b"x,y\ra\0,b\r")[1]] == [["a\0", "b"]]
