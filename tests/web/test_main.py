"""The web process as gunicorn starts it again."""

from __future__ import annotations

import runpy
import subprocess
import sys

import pytest

from audiospective import environment
from tests.jobs.stack import ROOT


def test_what_gunicorn_starts_a_new_release_with_is_the_same_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(environment, "drop_empty", lambda: None)
    monkeypatch.setattr("gunicorn.app.wsgiapp.run", lambda **_: None)
    monkeypatch.setattr(sys, "argv", ["audiospective/web/__main__.py", "--threads", "3"])
    for _ in range(2):  # and so does the one that it starts
        ran = runpy.run_module("audiospective.web", run_name="__main__")
        assert sys.argv[1:] == [ran["APPLICATION"], "--threads", "3"]
    command = [sys.executable, *sys.argv, "--version"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("gunicorn"), done.stderr
