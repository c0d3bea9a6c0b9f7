"""An interpreter that does not start without its environment, as Heroku's does not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

SCRIPT = """#!/bin/sh
[ "$LD_LIBRARY_PATH" = "{folder}" ] || exit 127
exec "{python}" "$@"
"""


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes be started by it, which finds its library in `folder`."""
    script = folder / "python"
    script.write_text(SCRIPT.format(folder=folder, python=sys.executable))
    script.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(script))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
