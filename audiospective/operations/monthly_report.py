"""Reports of a month that ended, for members who asked, a few seconds a round, so many a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from peewee import fn

from audiospective import clock, log
from audiospective.accounts import preferences
from audiospective.clients.queues import INTERRUPTS
from audiospective.history.catalog import lookup
from audiospective.models import Play, PlaySegment, User, transaction
from audiospective.models.base import agreed_now
from audiospective.models.marks import Mark
from audiospective.models.notices import OBSOLETE, SENDING, WAITING, Notice
from audiospective.notices import kind
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
AT_A_TIME = 200
SHOWN = 5  # artists and tracks
# Mark: when somebody's turn came last; the note says of which month, and behind which member the
# next turn begins.
TURN = "monthly_reports:turn"
DAY = timedelta(days=1)


def owe(services: Services) -> int:
    """Owe what is due now and fits into the day; returns how many. One by one, in turn.

    One member's trouble keeps nothing from the others. Without derived statistics there are no
    reports. A month is over once it is by this machine's clock and by the database's.
    """
    if not services.settings.derived_stats:
        return 0
    began, now, owed = clock.monotonic(), agreed_now(), 0
    month = rule.anywhere(now)
    last = _turn(month, now)
    if month is None or (room := rule.A_DAY - _of_the_day(now)) <= 0:
        return 0
    for user in _due(month, last):
        if owed >= room or clock.monotonic() - began > SECONDS:
            break
        if rule.of(calendar.usable(user.timezone), now) is None:
            continue
        # Before the work: even what kills this process must not be what the next round begins with.
        Mark.put(TURN, now, f"{month.address} {user.id}")
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


def _turn(month: Period | None, now: datetime) -> int:
    """Behind which member this round begins; tells how many the month before left without."""
    mark = Mark.get_or_none(Mark.name == TURN)
    told, _, last = mark.note.partition(" ") if mark else ("", "", "0")
    if told == (month.address if month else ""):
        return int(last)
    if told:
        ended = periods.month(date.fromisoformat(f"{told}-01"))
        if left := User.select().where(_without(ended)).count():
            log.event("monthly_reports_left", log.WARNING, month=told, members=left)
    begins = 0
    if month:
        begins = int((User.select(fn.MAX(User.id)).scalar() or 0) * rule.begins_at(month))
    Mark.put(TURN, now, f"{month.address if month else ''} {begins}")
    return begins


def _of_the_day(now: datetime) -> int:
    """Reports that went out in the last 24 hours, or still will."""
    lately = (Notice.created_at > now - DAY) | (Notice.sent_at > now - DAY)
    counts = (Notice.status != OBSOLETE) & (lately | Notice.status.in_((*WAITING, SENDING)))
    return int(Notice.select().where((Notice.kind == monthly_report.KIND.name) & counts).count())


def _due(month: Period, last: int) -> Iterator[User]:
    """Whoever may be owed the report of a month: those behind `last` (an id), then the others."""
    for part in (User.id > last, User.id <= last):
        behind = 0
        while found := list(
            User.select()
            .where(_without(month) & part & (User.id > behind))
            .order_by(User.id)
            .limit(AT_A_TIME)
        ):
            yield from (one for one in found if kind.address(one, monthly_report.KIND.name))
            behind = found[-1].id


def _without(month: Period) -> Any:
    """Asked for reports, proved an address, may have plays of the month, was not told of it.

    Of silent members no file is opened. Plays near its ends may be another month's in their zone.
    """
    name = monthly_report.KIND.name
    asked = User.preferences.contains(f'"{name}"') & User.email_verified_at.is_null(False)
    start, end = map(clock.to_ms, rule.span(month))
    hot = Play.select().where(
        (Play.user == User.id) & (Play.played_at >= start) & (Play.played_at < end)
    )
    sealed = PlaySegment.select().where(
        (PlaySegment.user == User.id)
        & (PlaySegment.first_at < end)
        & (PlaySegment.last_at >= start)
    )
    told = Notice.select().where(
        (Notice.user == User.id)
        & (Notice.kind == name)
        & Notice.dedupe_key.startswith(month.address)
        & (Notice.status != OBSOLETE)
    )
    return asked & (fn.EXISTS(hot) | fn.EXISTS(sealed)) & ~fn.EXISTS(told)


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
