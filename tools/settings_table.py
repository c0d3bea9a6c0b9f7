"""Writes docs/settings.md from `.env.example` and the settings; `--check` only compares."""

from __future__ import annotations

import re
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from audiospective.settings import Settings  # noqa: E402 - found only now

EXAMPLE, PAGE = ROOT / ".env.example", ROOT / "docs" / "settings.md"
NAMES = {"home": "AUDIOSPECTIVE_HOME"}  # of fields that are not called like their variable
SEEN = {"host_platform"}  # told by the platform
HEAD = """# Settings

Made by `python tools/settings_table.py` from `.env.example` and `audiospective/settings.py`; the
tests compare. Where settings are read from: [operations.md](operations.md#where-settings-are-read).
"""


def defaults() -> dict[str, str]:
    """What each setting is without a value, as one would write it; nothing where it is required
    or depends on others."""
    found = {}
    for field in fields(Settings):
        if field.name not in SEEN:
            value = "" if field.default is MISSING else field.default
            found[NAMES.get(field.name, field.name.upper())] = _written(value)
    return found


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None or value == () else str(value)


def sections() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """(title, [(name, example, what is said of it)]) as `.env.example` has them."""
    found: list[tuple[str, list[tuple[str, str, str]]]] = []
    words: list[str] = []
    for line in EXAMPLE.read_text().splitlines():
        if title := re.match(r"# --- (.+?) -+$", line):
            found.append((title[1], []))
            words = []
        elif setting := re.match(r"#([A-Z0-9_]+)=(.*)$", line):
            found[-1][1].append((setting[1], setting[2], " ".join(words)))
            words = []
        elif line.startswith("# ") and found:
            words.append(line[2:])
        else:
            words = []
    return found


def page() -> str:
    """The whole page."""
    known = defaults()
    lines = [HEAD]
    for title, settings in sections():
        lines += [f"## {title}", "", "| setting | without it | what it is |", "|---|---|---|"]
        for name, example, words in settings:
            default = known.get(name, "")
            shown = f"`{default}`" if default else f"(such as `{example}`)" if example else ""
            lines.append(f"| `{name}` | {shown} | {words.replace('|', '&#124;')} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text() != page():
            sys.exit("docs/settings.md is old: run python tools/settings_table.py")
        return
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
