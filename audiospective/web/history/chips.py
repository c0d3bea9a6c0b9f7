"""The filters in use, each with the address without it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import url_for

from audiospective.history import belonging
from audiospective.web.history import query
from audiospective.web.history.query import Asked


@dataclass(frozen=True)
class Chip:
    """`words` say the filter, `name` is text of a member or of Spotify; `href` lifts it."""

    words: str
    name: str
    href: str


def chips(user_id: int, asked: Asked, period: str | None) -> list[Chip]:
    """One for each filter; on the page of a period, those that come on top of its dates."""
    names = [one for one in asked.values if not (period and one in ("from", "to"))]
    start = url_for("history.of_period", period=period) if period else url_for("history.page")
    return [Chip(*_said(user_id, asked, one), start + asked.query(without=one)) for one in names]


def _said(user_id: int, asked: Asked, name: str) -> tuple[str, str]:
    value = asked.get(name)
    if name == "q":
        return "Search:", value
    if name in ("artist", "album"):
        return f"{name.title()}:", value
    if name in ("from", "to"):
        return f"{name.title()} {_date(value)}", ""
    if name == "source":
        return query.SOURCE_WORDS[value], ""
    if name == "context":
        return "Played from:", query.CONTEXTS.get(value, value)
    if name == "least":
        return query.LEAST[value], ""
    if name == "skipped":
        return query.SKIPPED[value], ""
    kind = name.removesuffix("_id")
    known = belonging.name(user_id, kind, int(value))
    return f"{kind.title()}:", known if known is not None else value


def _date(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {day:%b %Y}"
