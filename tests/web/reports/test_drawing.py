"""Pictures are drawn beside the web process, which goes on meanwhile."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from audiospective.web.reports import drawing, picture
from audiospective.web.reports.drawing import DrawingError
from tests.support import needy_python

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><path d="M0 0h4v2z"/></svg>'


def test_the_web_process_itself_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)  # importing it fails
    found = picture.png(SVG)
    assert found.startswith(b"\x89PNG")
    assert struct.unpack(">II", found[16:24]) == (picture.WIDTH, picture.WIDTH // 2)
    assert "resvg_py" not in vars(picture)


def test_it_draws_where_python_finds_its_library_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needy_python.use(tmp_path, monkeypatch)
    assert drawing.png(SVG, 100).startswith(b"\x89PNG")


@pytest.mark.parametrize("text", ["", "no SVG at all"])
def test_what_cannot_be_drawn_is_an_error_that_says_why(text: str) -> None:
    with pytest.raises(DrawingError, match=r"ended with 1: \w+"):
        drawing.png(text, 100)


def test_a_picture_that_takes_too_long_or_finds_no_process_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drawing, "SECONDS", 0)
    with pytest.raises(DrawingError):
        drawing.png(SVG, 100)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(DrawingError):
        drawing.png(SVG, 100)
