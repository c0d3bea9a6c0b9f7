"""How the page of a bundle says and draws things before any script runs."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from audiospective.exports.bundle.completeness import Known
from audiospective.exports.bundle.overview import Drawer
from audiospective.policy import in_words

_BARS = (4, 42)  # width of a week and height of the tallest in a drawer


def mark(size: int) -> Markup:
    shape = (
        '<g fill="currentColor"><rect x="5" y="11" width="4" height="9" rx="1"/>'
        '<rect x="11" y="4" width="4" height="16" rx="1"/><rect x="17" y="8" width="4" height="12"'
        ' rx="1"/><rect x="23" y="13" width="4" height="7" rx="1"/><path fill-rule="evenodd"'
        ' d="M3 21.5h26V27a2 2 0 01-2 2H5a2 2 0 01-2-2zM12.5 24v2.5h7V24z"/></g>'
    )
    return Markup(
        '<svg viewBox="0 0 32 32" width="{0}" height="{0}" aria-hidden="true" focusable="false">'
        "{1}</svg>"
    ).format(size, Markup(shape))  # noqa: S704 - a constant


def weeks(drawer: Drawer) -> str:
    width, height = _BARS
    most = max(drawer.weeks)
    bars = [
        f"M{at * width} {height}v-{max(1.0, count / most * height):.1f}h{width - 1}V{height}z"
        for at, count in enumerate(drawer.weeks)
        if count
    ]
    return "".join(bars)


def completeness_title(known: Known) -> str:
    if known.share is None:
        return "What these files know"
    if not known.open_gaps:
        return "No gap is known"
    return f"{in_words.percent(known.share)} % of the time is known"


def moment(instant: datetime, zone: ZoneInfo) -> str:
    there = instant.astimezone(zone)
    return f"{there.day} {there:%B %Y, %H:%M}"
