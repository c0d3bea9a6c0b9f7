"""The history: every play of a member, by search, filters and dates, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.history import plays_by_day, search, version
from audiospective.history.plays_by_day import PlaysByDay
from audiospective.history.search import Wanted
from audiospective.operations import health
from audiospective.policy import calendar
from audiospective.policy.archive_state import Missing
from audiospective.web.access import person, signed_in
from audiospective.web.context import services, zone, zone_name
from audiospective.web.filters import play_key
from audiospective.web.health import words
from audiospective.web.history import listing, months, query
from audiospective.web.history.chips import chips
from audiospective.web.history.query import Asked

blueprint = Blueprint("history", __name__)

SHOWN = 50


@blueprint.get("/history")
@signed_in
def page() -> ResponseReturnValue:
    if any(not value for value in request.args.values()):  # a form sends its empty fields, too
        kept = {name: value for name, value in request.args.items() if value}
        return redirect(f"{request.path}?{urlencode(kept)}" if kept else request.path)
    return _answer(query.read(request.args), None)


@blueprint.get("/history/jump")
@signed_in
def jump() -> ResponseReturnValue:
    """From a date that was typed to its page."""
    day = request.args.get("day", "")
    if len(day) != 10 or query.period(day) is None:
        return redirect(url_for("history.page"))
    return redirect(url_for("history.of_period", period=day))


@blueprint.get("/history/<period>")
@signed_in
def of_period(period: str) -> ResponseReturnValue:
    """A year, a month or a day."""
    days = query.period(period)
    if days is None:
        abort(404)
    return _answer(query.read(request.args), period)


def _answer(typed: Asked, period: str | None) -> ResponseReturnValue:
    """`typed` are the filters of the query; the dates of a period come before them."""
    member = person()
    within = query.period(period) if period else None
    asked = query.within(typed, within) if within else typed
    before, after = (query.key(request.args.get(name)) for name in ("before", "after"))
    at = version.of(member.id)
    whole = plays_by_day.of(member.id, zone_name(), at)
    wanted = asked.wanted(zone_name())
    found = search.page(member.id, wanted, before=before, after=after, limit=SHOWN, at=at)
    gaps = health.gaps(services(), member.id)
    if (before or after) and not found.plays:
        return redirect(request.path + typed.query())
    days = _days(wanted, found, gaps, whole, before)
    today = calendar.today(zone_name(), clock.now())
    return render_template(
        "history/page.html",
        asked=asked,
        period=period,
        title=_title(period),
        whole=whole,
        matching=_matching(member.id, asked, wanted, whole, at),
        chips=chips(member.id, typed, period),
        days=days,
        older=_beyond("before", found, typed) if found.older else None,
        newer=_beyond("after", found, typed) if found.newer else None,
        years=months.years(whole.months, gaps, today, zone()),
        neighbours=_neighbours(period, whole, today),
        touched=listing.touched(gaps, *_span(wanted)) if not found.plays else [],
        cause=words.cause,
        query=query,
    ), 422 if asked.errors else 200


def _days(
    wanted: Wanted, found: search.Page, gaps: Sequence[Missing], whole: PlaysByDay,
    before: tuple[int, int] | None,
) -> list[listing.Day]:  # fmt: skip
    if wanted.is_narrow:  # gaps stand where all plays do, not among those that match
        return listing.days(found.plays, [], zone(), clock.now(), before=_instant(before))
    newest, oldest = _span(wanted)[1], _span(wanted)[0]
    if found.newer and found.plays:
        newest = _instant(before) or found.plays[0].played_at
    if found.older:
        oldest = found.plays[-1].played_at
    shown = listing.inside(gaps, newest, oldest, clock.now()) if found.plays else []
    return listing.days(
        found.plays, shown, zone(), clock.now(), whole.days, _instant(before), unknown=gaps
    )


def _matching(
    user_id: int, asked: Asked, wanted: Wanted, whole: PlaysByDay, at: str
) -> int:  # fmt: skip
    """How many plays there are; days are counted already."""
    if wanted.is_narrow:
        return search.count(user_id, wanted, at)
    first, last = asked.days
    return sum(
        many
        for day, many in whole.days.items()
        if (first is None or first <= day) and (last is None or day <= last)
    )


def _beyond(name: str, found: search.Page, typed: Asked) -> str:
    edge = found.plays[-1] if name == "before" else found.plays[0]
    return f"{request.path}{typed.query(**{name: play_key(edge)})}"


def _span(wanted: Wanted) -> tuple[datetime | None, datetime | None]:
    start, end = wanted.start, wanted.end
    return (
        None if start is None else clock.from_ms(start),
        None if end is None else clock.from_ms(end),
    )


def _instant(key: tuple[int, int] | None) -> datetime | None:
    return None if key is None else clock.from_ms(key[0])


def _title(period: str | None) -> str:
    if period is None:
        return "History"
    days = query.period(period)
    assert days is not None
    first = days[0]
    if len(period) == 4:
        return period
    return f"{first:%B %Y}" if len(period) == 7 else f"{first:%A}, {first.day} {first:%B %Y}"


def _neighbours(
    period: str | None, whole: PlaysByDay, today: date
) -> tuple[str | None, str | None]:  # fmt: skip
    """The addresses of the period before and after, where there may be plays."""
    days = query.period(period) if period else None
    if days is None or whole.first is None or whole.last is None:
        return None, None
    length = len(period or "")
    earlier = date.fromordinal(max(1, days[0].toordinal() - 1)).isoformat()[:length]
    later = date.fromordinal(days[1].toordinal() + 1).isoformat()[:length]
    end = max(whole.last, today)
    return (
        earlier if days[0] > whole.first else None,
        later if days[1] < end else None,
    )
