"""Writes a letter: subject, text and HTML from three templates and the data it was owed with."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from audiospective import clock

TEMPLATES = Path(__file__).parents[2] / "templates"
UTC = ZoneInfo("UTC")
WIDTH = 72  # of the text part


@dataclass(frozen=True)
class Words:
    """What a letter says."""

    subject: str
    text: str
    html: str


def render(kind: str, data: Mapping[str, Any]) -> Words:
    """The letter of this kind; the same data gives the same bytes, whenever it is written.

    Instants in `data` are milliseconds (UTC), written in the zone `data["timezone"]`. Raises
    jinja2.TemplateError if a template is missing or asks for what `data` does not have.
    """
    found = _environment()
    values = {"kind": kind, **data}

    def part(ending: str) -> str:
        return found.get_template(f"mail/{kind}.{ending}").render(values)

    # One line: whatever a name may hold, it cannot add a header.
    subject = " ".join(part("subject.txt").split())
    return Words(subject, _folded(part("txt")), part("html"))


def _folded(text: str) -> str:
    """Paragraphs as lines of at most WIDTH characters; addresses are never broken."""
    paragraphs = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in paragraph.strip().splitlines()]
        if not any("://" in line for line in lines):
            lines = textwrap.wrap(
                " ".join(lines), WIDTH, break_long_words=False, break_on_hyphens=False
            )
        paragraphs.append("\n".join(lines))
    return "\n\n".join(filter(None, paragraphs)).replace("\n\n--\n\n", "\n\n-- \n") + "\n"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",), default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(day=_day, moment=_moment, plural=_plural)
    return made


@pass_context
def _day(context: Context, ms: int) -> str:
    """3 November 2026"""
    there = _there(context, ms)
    return f"{there.day}\u00a0{there:%B %Y}"


@pass_context
def _moment(context: Context, ms: int) -> str:
    """3 November 2026, 14:05 (and UTC where that is not the reader's own zone)"""
    there = _there(context, ms)
    suffix = " UTC" if there.tzinfo is UTC else ""
    return f"{there.day}\u00a0{there:%B %Y, %H:%M}{suffix}"


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _there(context: Context, ms: int) -> datetime:
    return clock.from_ms(ms).astimezone(_zone(str(context.get("timezone") or "UTC")))


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
