"""What the terminal shows."""

from __future__ import annotations

import io

import pytest

from audiospective.supervisor.output import LONGEST_LINE, Lines, Output


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([b"a\nb\n"], ["a", "b"]),
        ([b"a", b"b\n"], ["ab"]),
        ([b"\n"], [""]),
        ([b"a\r\n"], ["a"]),
        ([b"a\nrest"], ["a", "rest"]),
        ([b"caf\xc3", b"\xa9\n"], ["café"]),
        ([b"\xff\n"], ["\\xff"]),
    ],
)
def test_bytes_become_lines(chunks: list[bytes], lines: list[str]) -> None:
    cutter = Lines()
    found = [line for chunk in chunks for line in cutter.feed(chunk)]
    assert found + cutter.end() == lines


def test_a_line_without_end_is_cut() -> None:
    cutter = Lines()
    assert cutter.feed(b"x" * (LONGEST_LINE + 1)) == ["x" * (LONGEST_LINE + 1)]
    assert cutter.end() == []


def test_a_closed_terminal_is_no_fault() -> None:
    stream = io.StringIO()
    output = Output(stream, ["web"])
    output.line("web", "here")
    assert stream.getvalue() == "web | here\n"
    stream.close()
    output.line("web", "gone")
