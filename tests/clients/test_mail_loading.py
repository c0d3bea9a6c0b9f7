"""Who loads the library that sends mail: a worker before it forks, and nobody who sends none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOADED = "import sys; print(sorted({'resend', 'httpx'} & sys.modules.keys()))"


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        ("import audiospective.app, audiospective.cli.up", "[]"),
        ("from audiospective.jobs import worker; worker.load_tasks()", "['httpx', 'resend']"),
    ],
)
def test_only_what_sends_mail_loads_its_library(code: str, loaded: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", f"{code}; {LOADED}"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == loaded
