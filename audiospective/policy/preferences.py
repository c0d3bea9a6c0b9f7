"""What a member may choose about how the archive is shown to them: values, defaults, validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

MONDAY, SATURDAY, SUNDAY = 1, 6, 7  # ISO 8601 numbers of weekdays

WEEK_STARTS = (MONDAY, SATURDAY, SUNDAY)
COUNTING_RULES = ("all", "30s", "half", "completed")
MEASURES = ("plays", "time")
THEMES = ("system", "light", "dark")

ALLOWED: Mapping[str, tuple[object, ...]] = MappingProxyType(
    {
        "week_start": WEEK_STARTS,
        "counting_rule": COUNTING_RULES,
        "counting_measure": MEASURES,
        "theme": THEMES,
    }
)


@dataclass(frozen=True)
class Preferences:
    """One member's choices; the defaults are what everybody begins with.

    `week_start`: the ISO weekday a week begins with. `counting_rule`: which plays figures count.
    `counting_measure`: whether lists are ordered by plays or by time.
    """

    week_start: int = MONDAY
    counting_rule: str = "all"
    counting_measure: str = "plays"
    theme: str = "system"


NAMES = tuple(field.name for field in fields(Preferences))


def read(stored: Mapping[str, object]) -> Preferences:
    """What a row says; whatever this release does not know counts as not chosen."""
    known = {name: stored[name] for name in NAMES if stored.get(name) in ALLOWED[name]}
    return replace(Preferences(), **known)  # type: ignore[arg-type]


def parse(form: Mapping[str, str]) -> tuple[dict[str, object], list[str]]:
    """What a form asks for, and the names of its fields that hold nothing one can choose.

    Fields that are no preferences, and preferences that are no fields, are left alone.
    """
    wanted: dict[str, object] = {}
    refused = []
    for name in NAMES:
        if name in form:
            found = [value for value in ALLOWED[name] if str(value) == form[name]]
            if found:
                wanted[name] = found[0]
            else:
                refused.append(name)
    return wanted, refused
