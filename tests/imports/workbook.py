"""Small Excel workbooks, as programs write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tests.imports.reading_files import zipped

_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(
    sheets: Mapping[str, Sequence[Sequence[Any]]],
    from_1904: bool = False,
    parts: Mapping[str, bytes] | None = None,
) -> bytes:
    """The file; `parts` replace what would be written."""
    numbers = range(1, len(sheets) + 1)
    names = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>'
        for n, name in zip(numbers, sheets, strict=True)
    )
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{_TYPE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    properties = '<workbookPr date1904="1"/>' if from_1904 else "<workbookPr/>"
    members = {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": (
            f'<Relationships><Relationship Id="r1" Type="{_TYPE}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>'
        ).encode(),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_TYPE}">{properties}'
            f"<sheets>{names}</sheets></workbook>"
        ).encode(),
        "xl/_rels/workbook.xml.rels": f"<Relationships>{relations}</Relationships>".encode(),
    }
    for number, rows in zip(numbers, sheets.values(), strict=True):
        members[f"xl/worksheets/sheet{number}.xml"] = _sheet(rows)
    return zipped({**members, **(parts or {})})


def _sheet(rows: Sequence[Sequence[Any]]) -> bytes:
    lines = "".join(
        f'<row r="{number}">{"".join(_cell(n, number, value) for n, value in enumerate(row))}</row>'
        for number, row in enumerate(rows, 1)
    )
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>'.encode()


def _cell(column: int, row: int, value: Any) -> str:
    place = f"{chr(65 + column)}{row}"
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'
