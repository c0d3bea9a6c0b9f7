"""Everything that can be said about the code without running it; the first fault stops."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
STEPS = (
    ("format", ["ruff", "format", "--check", "."]),
    ("lint", ["ruff", "check", "."]),
    ("types", ["mypy"]),
    ("import floors", ["lint-imports", "--no-logo"]),
)


def main() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name, command in STEPS:
        print(f"== {name}", flush=True)
        tool = [str(BIN / command[0]), *command[1:]]
        status = subprocess.run(tool, cwd=ROOT, env=environment, check=False).returncode
        if status:
            sys.exit(status)


if __name__ == "__main__":
    main()
