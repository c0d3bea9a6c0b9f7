"""Reports of a month that ended, for the members who asked for them, a few seconds a round."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from audiospective import clock, log
from audiospective.accounts import preferences
from audiospective.clients.queues import INTERRUPTS
from audiospective.history.catalog import lookup
from audiospective.models import Play, PlaySegment, User, transaction
from audiospective.notices import kind, members
from audiospective.notices.kinds import monthly_report
from audiospective.operations import health
from audiospective.policy import archive_state, calendar, in_words, known_time, periods
from audiospective.policy import monthly_report as rule
from audiospective.policy.counting import Counting, Measure, Rule
from audiospective.policy.periods import Period
from audiospective.services import Services

if TYPE_CHECKING:
    from audiospective.stats.listening import Listening
    from audiospective.stats.rankings import Place

SECONDS = 15.0  # of a round; who is left comes in the next ones
SHOWN = 5  # artists and tracks


def owe(services: Services) -> int:
    """Owe what is due now; returns how many. One member's trouble keeps nothing from the others.

    Without derived statistics there are no reports.
    """
    if not services.settings.derived_stats:
        return 0
    began, owed = clock.monotonic(), 0
    for user, month in _due(clock.now()):
        if clock.monotonic() - began > SECONDS:
            break
        try:
            figures = _figures(services, user, month)
            with transaction():
                owed += figures is not None and monthly_report.put(
                    services, user, month.address, figures
                )
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's alone
            log.trouble("monthly_report_failed", error, user=user.id)
    return owed


def _due(now: datetime) -> list[tuple[User, Period]]:
    """Whoever asked for reports, can be written to and was not yet told of the month that ended."""
    name = monthly_report.KIND.name
    asked = User.preferences.contains(f'"{name}"') & User.email_verified_at.is_null(False)
    months = [
        (user, month)
        for user in User.select().where(asked).order_by(User.id)
        if kind.address(user, name) and (month := rule.of(calendar.usable(user.timezone), now))
    ]
    told = members.owed(name, [user.id for user, _ in months]) if months else {}
    return [
        (user, month)
        for user, month in months
        if (user.id, month.address) not in told and _may_have_plays(user, month)
    ]


def _may_have_plays(user: User, month: Period) -> bool:
    """Whether plays of the month may be stored; of most silent members no file is opened."""
    days = calendar.days(calendar.usable(user.timezone), month.first, month.last)
    start, end = map(clock.to_ms, days)
    hot = (Play.user == user) & (Play.played_at >= start) & (Play.played_at < end)
    sealed = (PlaySegment.first_at < end) & (PlaySegment.last_at >= start)
    return bool(
        Play.select().where(hot).exists()
        or PlaySegment.select().where((PlaySegment.user == user) & sealed).exists()
    )


def _figures(services: Services, user: User, month: Period) -> dict[str, Any] | None:
    """What the e-mail says; None where nothing counts. The same figures as the page's."""
    from audiospective.accounts import hidden_artists  # these load Polars, which polls do without
    from audiospective.stats import listening, rankings, totals
    from audiospective.stats.figure_options import FigureOptions

    chosen, zone = preferences.of(user), calendar.usable(user.timezone)
    own = listening.Listening(
        FigureOptions(
            user_id=user.id,
            zone=zone,
            counting=Counting(Rule(chosen.counting_rule), Measure(chosen.counting_measure)),
            week_start=chosen.week_start,
            hidden=hidden_artists.ids(user.id),
        )
    )
    try:
        span = month.first, month.last
        now = own.figure(totals.of, *span)
        if not now.plays:
            return None
        first = own.figure(totals.first_day)
        earlier = periods.before(month)
        then = None
        if earlier is not None and first is not None and first <= earlier.first:
            then = own.figure(totals.of, earlier.first, earlier.last)
        artists = own.figure(rankings.of, "artist", span, None, SHOWN)
        tracks = own.figure(rankings.of, "track", span, None, SHOWN)
        unknown = _unknown(services, user, own, month, zone)
    finally:
        listening.forget()
    ids = {one.one for one in tracks} | {one.track for one in artists}
    names = lookup.together(ids, (), [one.one for one in artists])
    by_time = own.options.counting.by_time
    return {
        "month": f"{month.first:%B %Y}",
        "plays": now.plays,
        "heard": in_words.duration(now.heard),
        "guessed": bool(now.guessed),
        "artists": now.artists,
        "new_artists": now.new_artists if then else None,
        "plays_before": then.plays if then else None,
        "month_before": f"{earlier.first:%B}" if earlier else "",
        "top_artists": [
            (names.artists[one.one].name if one.one in names.artists else "(unknown)",
             _amount(one, by_time=by_time))
            for one in artists
        ],
        "top_tracks": [
            (_title(names.tracks[one.one]), _amount(one, by_time=by_time)) for one in tracks
        ],
        "unknown": unknown,
    }  # fmt: skip


def _title(track: Any) -> str:
    by = ", ".join(name for _, name in track.artists)
    title = track.title or "(unknown)"
    return f"{title} ({by})" if by else title


def _amount(place: Place, *, by_time: bool) -> str:
    return in_words.amount(place.amount, by_time=by_time)


def _unknown(
    services: Services, user: User, own: Listening, month: Period, zone: str
) -> str | None:
    """How much of the month is not known, in words; None where all of it is."""
    now = clock.now()
    state = health.state(services, user.id)
    probable, _ = archive_state.spans(state.gaps, now)
    imported = [(clock.from_ms(start), clock.from_ms(end)) for start, end in own.imported()]
    found = known_time.of(state.began, state.known_until or now, probable, imported)
    share = known_time.share(found, *calendar.days(zone, month.first, month.last))
    return None if share >= 1 else in_words.percent(1 - share)
