"""Writes down what a poll proved: coverage that goes on, or a gap in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from audiospective import clock
from audiospective.history import known_items
from audiospective.history.append import Appended
from audiospective.incidents import incident
from audiospective.models import Connection
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.imports import Import
from audiospective.policy import gaps
from audiospective.policy.failures import Failure
from audiospective.policy.gaps import Before, Cause, Found, Known
from audiospective.polling import changed_items, closed_gaps, other_account

ORDINARY = timedelta(hours=2)  # after a shorter silence there is nothing to look up


def is_ordinary(before: Connection, page: Appended, offered: int, now: datetime) -> bool:
    """Whether a page goes on where the last one ended, so that nothing is to be written or read."""
    checked_at = before.last_success_at
    return (
        checked_at is not None
        and not before.consecutive_failures  # of which more would have to be read
        and now - checked_at <= ORDINARY
        and gaps.doubt(_before(before), page.seen, offered) is None
    )


def polled(before: Connection, page: Appended, offered: int, now: datetime) -> Found | None:
    """Extend this member's coverage with a successful poll, or open a gap; returns the gap.

    `before` is the connection as it stood before the poll, `page` what was just stored of the
    `offered` items. Call it in the transaction that stores the page. An ordinary poll costs no
    query: the growing stretch ends at `last_success_at` anyway.
    """
    Coverage.hold(before.user_id)
    attached = other_account.awaited(before)
    known = _first(_before(before), before.user_id, attached)
    checked_at = known.checked_at
    if checked_at is None:
        began = gaps.began(known, page.seen, offered)
        found = gaps.gap(known, page.seen, offered, Known(None, None, began), now)
        if attached is not None:
            began = attached.ended_at  # before that, it is the account before that was asked
        Coverage.begin(before.user_id, found.end if found else began)
        opened = _opened(before.user_id, found, now)
        _join(attached)
        return opened
    if gaps.doubt(known, page.seen, offered) is None and now - checked_at <= ORDINARY:
        return None
    last = Coverage.newest(before.user_id)
    known = replace(known, paused=last is not None and last.ended_at is not None)
    found = _judged(before, known, page, offered, now)
    if found is not None:
        Coverage.cut(before.user_id, found.probably_from, found.end)
        last = Coverage.newest(before.user_id)
    _grow(before.user_id, last, found, checked_at)
    return _opened(before.user_id, found, now)


def unjudged(before: Connection, page: Appended, now: datetime) -> Found | None:
    """What a page proves could not be found out: a gap wherever it may leave one.

    Asks for no earlier plays: what went wrong may go wrong again.
    """
    Coverage.hold(before.user_id)
    attached = other_account.awaited(before)
    known = Before(
        before.last_success_at,
        before.page_from,
        before.authorized_at,
        first_authorized_at=before.first_authorized_at,
    )
    known = _first(known, before.user_id, attached)
    found = gaps.widest(known, page.seen, _archive_from(before), now)
    if attached is not None and found is None:
        Coverage.begin(before.user_id, attached.ended_at)
    elif found is not None:
        Coverage.cut(before.user_id, found.start, found.end)
        _grow(before.user_id, Coverage.newest(before.user_id), found, found.end)
    opened = _opened(before.user_id, found, now)
    _join(attached)
    return opened


def interrupt(user_id: int) -> None:
    """The person stops us from asking (pause, disconnect): what follows is not covered."""
    connection = Connection.get_or_none(Connection.user == user_id)
    if connection is not None and connection.last_success_at is not None:
        Coverage.end(user_id, connection.last_success_at)


def resume(user_id: int) -> None:
    """The person lets us ask again: after a short interruption coverage grows on.

    The next poll is ordinary then, and would not write that. If it is in doubt, or late after
    all, it is judged as any other. After a longer interruption the next poll decides.
    """
    connection = Connection.get_or_none(Connection.user == user_id)
    if connection is None or connection.last_success_at is None:
        return
    last = Coverage.newest(user_id)
    if last is None or last.ended_at != connection.last_success_at:
        return  # a gap ended it
    if clock.now() - connection.last_success_at <= ORDINARY:
        last.write(last.started_at, None)


def _before(before: Connection) -> Before:
    failure = incident.last_failure(before) if before.consecutive_failures else None
    if before.empty_pages and failure is None:
        failure = Failure.SILENT
    return Before(
        checked_at=before.last_success_at,
        page_from=before.page_from,
        authorized_at=before.authorized_at,
        first_authorized_at=before.first_authorized_at,
        plays_per_hour=before.plays_per_hour,
        failure=failure,
    )


def _first(known: Before, user_id: int, attached: Gap | None) -> Before:
    """What a first page is judged by, beyond the consent: the archive may be older than that."""
    if attached is not None:
        return replace(known, authorized_at=attached.ended_at, first_authorized_at=None)
    if known.checked_at is None and (earlier := Coverage.newest(user_id)) is not None:
        # An archive that came from elsewhere: it goes on from there.
        return replace(known, checked_at=earlier.ended_at or earlier.started_at)
    return known


def _judged(
    before: Connection, known: Before, page: Appended, offered: int, now: datetime
) -> Found | None:
    """The gap by all that the archive knows; a few queries, and only where the page is in doubt."""
    seen = page.seen
    if gaps.doubt(known, seen, offered) is gaps.Doubt.NEW:
        seen = changed_items.recognized(before.user_id, page, seen, {min(item.at for item in seen)})
    if gaps.doubt(known, seen, offered) is gaps.Doubt.MIXED:
        seen = changed_items.recognized(before.user_id, page, seen, {i.at for i in seen if i.new})
    if gaps.doubt(known, seen, offered) is None:
        return None
    oldest = min(item.at for item in seen)
    archive_from = _archive_from(before)
    found = Known(
        before_page=_covered(before.user_id, oldest, archive_from),
        before_last_page=_covered(before.user_id, known.page_from, archive_from),
        archive_from=archive_from,
    )
    return gaps.gap(known, seen, offered, found, now)


def _archive_from(before: Connection) -> datetime:
    """Where the archive begins to be complete, for the account that is asked now."""
    if (attached := other_account.newest(before.user_id)) is not None:
        since: datetime = attached.ended_at
        return since
    first = Coverage.first(before.user_id)
    at: datetime = first.started_at if first else before.authorized_at
    return at


def _covered(user_id: int, instant: datetime | None, archive_from: datetime) -> datetime | None:
    """When the newest known item before `instant` ended, if the archive was complete by then.

    What a file tells of the years before proves nothing of the time between.
    """
    at = known_items.before(user_id, instant)
    return at if at is not None and at >= archive_from else None


def _join(attached: Gap | None) -> None:
    """An import may have closed the gap before the first page that follows it."""
    if attached is not None and attached.closed_at is not None:
        closed_gaps.join(attached.user_id)


def _grow(user_id: int, last: Coverage | None, found: Found | None, checked_at: datetime) -> None:
    """Have one stretch grow: the last one, or one that begins behind the gap that ended it."""
    if last is None or (found and last.ended_at is not None and last.ended_at <= found.end):
        Coverage.begin(user_id, found.end if found else checked_at)
    elif last.ended_at is not None:
        last.write(last.started_at, None)  # it grows on


def _opened(user_id: int, found: Found | None, now: datetime) -> Found | None:
    """Put a gap on record; one that ends there already becomes as long as both."""
    if found is None:
        return None
    known = Gap.get_or_none((Gap.user == user_id) & (Gap.ended_at == found.end))
    if known is None:
        Gap.create(
            user=user_id,
            started_at=found.start,
            probably_from=found.probably_from,
            ended_at=found.end,
            cause=found.cause.value,
            certainty=found.certainty.value,
            opened_at=now,
        )
    elif known.closed_at is None:
        longer = {
            Gap.started_at: min(known.started_at, found.start),
            Gap.probably_from: min(known.probably_from, found.probably_from),
        }
        is_open = (Gap.id == known.id) & Gap.closed_at.is_null()
        if not Gap.update(longer).where(is_open).execute():
            return _opened(user_id, found, now)  # an import closed it meanwhile
    elif found.cause is Cause.LATE or found.start < known.started_at:
        # The import that closed it did not tell of this: a gap of its own, which ends just before.
        end = found.end - timedelta(milliseconds=1)
        return _opened(
            user_id, replace(found, end=end, probably_from=min(found.probably_from, end)), now
        )
    else:
        closed_gaps.join(user_id)  # it stays closed
    # A file may tell what happened there. Gaps before imports, as everywhere: else two would wait
    # for each other.
    Import.look_again(user_id, found.start, found.end)
    return found
