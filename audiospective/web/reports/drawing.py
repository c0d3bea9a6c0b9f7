"""Turns SVG into PNG, in a process of its own: `python -m audiospective.web.reports.drawing WIDTH`.

resvg reads all fonts of the server for each picture, a tenth to a third of a second in which it
keeps the interpreter to itself: no other page of the process would go on meanwhile.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from audiospective import environment

SECONDS = 20  # that a picture may take
FONTS = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "FONTCONFIG_FILE", "FONTCONFIG_PATH")
_HOME = Path(__file__).resolve().parents[3]


class DrawingError(Exception):
    """There is no picture: out of time or memory, or what was to be drawn is no SVG."""


def png(svg: str, width: int) -> bytes:
    """A drawing as PNG, `width` pixels wide; raises DrawingError."""
    given = environment.inherited()
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(width)],
            cwd=_HOME,
            env={
                "PYTHONUTF8": "1",
                **environment.of_interpreter(),
                **{name: given[name] for name in FONTS if name in given},
            },
            input=svg.encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise DrawingError(type(error).__name__) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise DrawingError(f"the process that draws ended with {done.returncode}: {said[:500]}")
    return done.stdout


def main() -> None:
    """Draw what comes on the input."""
    import resvg_py  # here alone, so that no web process has it

    drawn = resvg_py.svg_to_bytes(
        svg_string=sys.stdin.buffer.read().decode(), width=int(sys.argv[1])
    )
    sys.stdout.buffer.write(bytes(drawn))


if __name__ == "__main__":
    main()
