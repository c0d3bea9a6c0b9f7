"""Records how a poll went; the one place where a success or a failure is written.

One module although it is long: every outcome ends in the same transaction and the same claim.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from audiospective import clock, log
from audiospective.clients.queues import INTERRUPTS
from audiospective.clients.spotify import Tokens
from audiospective.history import append
from audiospective.incidents import mass_failure
from audiospective.models import Connection, SpotifyApp, claims
from audiospective.models.base import LONG_AGO, database, read_clock
from audiospective.models.claims import Claim
from audiospective.models.connections import ACCESS_PLACE, ACTIVE, NOT_ALLOWED, REFRESH_PLACE
from audiospective.models.poll_log import PollLog
from audiospective.notices.kinds import back_on
from audiospective.policy import failures, gaps, retry_after, schedule
from audiospective.policy.failures import Failure
from audiospective.policy.gaps import Found
from audiospective.policy.mass_failure import RECHECK
from audiospective.policy.plays import Page
from audiospective.polling import closed_gaps, coverage
from audiospective.polling.fetch import Attempt
from audiospective.services import Services

Result = TypeVar("Result")
OK, EMPTY, UNDATED = "ok", "empty", "undated"  # outcomes in the log of polls, beside failures


def rotation(services: Services, attempt: Attempt) -> Attempt | None:
    """Keep a rotated refresh token at once; None when the connection has moved on since.

    Compares with the encrypted token that was spent instead of the fence: if that one is still
    stored, it is dead, and this worker holds the only living one, late or not.
    """
    assert attempt.tokens is not None
    values = _encrypted(services, attempt.claim, attempt.tokens)
    if not claims.rotate(attempt.claim, values, attempt.spent):
        return None
    return replace(attempt, rotated=False, stored=True, spent=values[Connection.refresh_encrypted])


def outcome(attempt: Attempt) -> str:
    """What a page is: OK, EMPTY where there were plays before, UNDATED without a usable time."""
    claim, page = attempt.claim, attempt.page
    assert page is not None
    if not page.offered:
        return OK if claim.connection.newest_play_at is None else EMPTY
    oldest = page.oldest  # if that one lies in the future, all do
    times = [] if oldest is None else [clock.from_ms(oldest)]
    return UNDATED if gaps.proves_nothing(times, claim.claimed_at) else OK


def success(services: Services, attempt: Attempt, tracks: append.Tracks) -> int | None:
    """Store a page and everything that follows from it; the caller holds the transaction.

    Returns the number of new plays, or None, with nothing written, when the claim was lost.
    """
    claim, page = attempt.claim, attempt.page
    assert page is not None
    connection, now = claim.connection, claim.claimed_at
    if (found := outcome(attempt)) != OK:
        return _odd(services, attempt, found, tracks)
    ended = [clock.from_ms(play.played_at) for play in page.plays]
    rate = schedule.plays_per_hour(connection.plays_per_hour, ended, now)
    known = [connection.newest_play_at] if connection.newest_play_at else []
    values: dict[Any, Any] = {
        Connection.status: ACTIVE,
        Connection.last_polled_at: now,
        Connection.last_success_at: now,
        Connection.page_from: None if page.oldest is None else clock.from_ms(page.oldest),
        Connection.newest_play_at: max(ended + known, default=None),
        Connection.plays_per_hour: rate,
        Connection.next_poll_at: _next_poll(services, claim, rate),
        Connection.unfinished_claims: 0,
        Connection.consecutive_failures: 0,
        Connection.last_failure_type: None,
        Connection.circuit_open_until: LONG_AGO,
        Connection.empty_pages: 0,
    }
    values |= _tokens(services, attempt)
    if not claims.settle(claim, values):
        return None
    stored, added = _append(claim, page, tracks)
    gap = _gap(claim, stored, page.filled)
    if stored.noted:
        ends = [at for at, _ in stored.noted]
        _aside(claim, lambda: closed_gaps.told_by_check(claim.user_id, ends))
    _log(attempt, OK, added)
    if back_on.may_be_due(connection, now):
        _aside(claim, lambda: back_on.put(services, connection, added, gap))
    return added


def _append(claim: Claim, page: Page, tracks: append.Tracks) -> tuple[append.Appended, int]:
    stored = append.page(claim.user_id, page, tracks)
    added = len(stored.plays)
    if added:
        claims.count_plays(claim, added)
    return stored, added


def _gap(claim: Claim, stored: append.Appended, offered: int) -> Found | None:
    """The gap that a page leaves; if that cannot be told, the page counts as proving nothing."""
    connection, now = claim.connection, claim.claimed_at
    try:
        if coverage.is_ordinary(connection, stored, offered, now):
            return None  # a savepoint would cost as much as the rest of the poll's statements
        with database.atomic():
            return coverage.polled(connection, stored, offered, now)
    except INTERRUPTS:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the plays are stored
        log.trouble("gap_not_judged", error, user=claim.user_id)
        return coverage.unjudged(connection, stored, now)


def _odd(services: Services, attempt: Attempt, found: str, tracks: append.Tracks) -> int | None:
    """A page that proves nothing, empty or without a usable time: recorded, and asked again.

    What it holds is kept. It is no success either: a day of such answers is what the dead man's
    switch is for.
    """
    claim = attempt.claim
    values: dict[Any, Any] = {
        Connection.last_polled_at: claim.claimed_at,
        Connection.next_poll_at: claim.claimed_at + failures.TRAITS[Failure.SILENT].pause,
        Connection.unfinished_claims: 0,
        Connection.empty_pages: min(claim.connection.empty_pages + 1, 1000),
    }
    values |= _tokens(services, attempt)
    if not claims.settle(claim, values):
        return None
    assert attempt.page is not None
    _, added = _append(claim, attempt.page, tracks)
    _log(attempt, found, added)
    return added


def failure(services: Services, attempt: Attempt) -> bool:
    """Write a failure to whom it belongs; False, and nothing written, when the claim was lost.

    A failure that is the app's stops the app; the person is given back unpolled and uncharged.
    So is one that strikes so many at once that it cannot be their own.
    """
    claim, found = attempt.claim, attempt.failure
    assert found is not None
    if found in failures.CHARGED_TO_APP:
        if not claims.release(claim, _tokens(services, attempt)):
            return False
        block(services, claim.app_id, found, attempt.retry_after)
        _log(attempt, found.value, 0)
        return True
    connection, now = claim.connection, claim.claimed_at
    # A late answer of a lost claim must count for nothing, not even among the refused.
    if not claims.write(claim, {Connection.last_polled_at: now, **_tokens(services, attempt)}):
        return False
    longest_poll = timedelta(minutes=services.settings.poll_max_minutes)
    if mass_failure.refused(claim, found, longest_poll):
        _log(attempt, found.value, 0)
        spared = {
            Connection.next_poll_at: now + RECHECK,
            Connection.unfinished_claims: 0,
        }
        return claims.settle(claim, spared)
    in_a_row = connection.consecutive_failures + 1
    again = in_a_row > 1 and connection.last_failure_type == found.value
    reopens = failures.reopens_at(found, in_a_row, now, again=again)
    values: dict[Any, Any] = {
        Connection.consecutive_failures: in_a_row,
        Connection.last_failure_type: found.value,
        Connection.last_failed_at: now,
        Connection.circuit_open_until: reopens,
        Connection.next_poll_at: reopens,  # half-open from then on: that poll decides
        Connection.unfinished_claims: 0,
    }
    if found is Failure.NOT_ALLOWED:
        values[Connection.status] = NOT_ALLOWED
    if not claims.settle(claim, values):
        return False
    _log(attempt, found.value, 0)
    return True


def quarantine(services: Services, attempt: Attempt) -> bool:
    """Pause somebody with whom workers keep dying; afterwards they are tried alone again."""
    claim = attempt.claim
    if not failure(services, replace(attempt, failure=Failure.UNKNOWN)):
        return False
    Connection.update(unfinished_claims=failures.ALONE_AFTER).where(
        (Connection.user == claim.user_id) & (Connection.fence == claim.connection.fence)
    ).execute()
    return True


def block(services: Services, app_id: int, found: Failure, header: str | None) -> datetime:
    """Stop every call of an app; returns until when. A block that lasts longer already stays.

    By the database's clock, which is the one that claims compare it with.
    """
    now = read_clock()
    until = now + retry_after.pause(found, header, now)
    SpotifyApp.update(blocked_until=until, blocked_at=now, block_reason=found.value).where(
        (SpotifyApp.id == app_id) & (SpotifyApp.blocked_until < until)
    ).execute()
    services.blocked_apps.block(app_id, until)
    return until


def _aside(claim: Claim, extra: Callable[[], Result]) -> Result | None:
    """Do what belongs into this transaction but must not cost it: on an error only that is undone.

    The plays matter more; what goes wrong here must not cost them.
    """
    try:
        with database.atomic():
            return extra()
    except INTERRUPTS:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the plays are stored
        log.trouble("aside_failed", error, user=claim.user_id)
        return None


def _log(attempt: Attempt, outcome: str, added: int) -> None:
    """One line for the person's health page, once a poll: only who settles its claim comes here."""
    PollLog.note(
        attempt.claim.user_id,
        attempt.claim.claimed_at,
        outcome,
        offered=attempt.page.offered if attempt.page else 0,
        added=added,
        took_ms=attempt.took_ms,
        tries=max(1, attempt.sends),
    )


def _tokens(services: Services, attempt: Attempt) -> dict[Any, Any]:
    """Tokens that the poll brought, whatever became of it: without them each try would refresh."""
    if attempt.tokens is None or attempt.stored:
        return {}
    return _encrypted(services, attempt.claim, attempt.tokens)


def _encrypted(services: Services, claim: Claim, found: Tokens) -> dict[Any, Any]:
    encrypt, user_id = services.vault.encrypt, claim.user_id
    values: dict[Any, Any] = {
        Connection.access_encrypted: "",
        Connection.access_expires_at: LONG_AGO,
    }
    if found.access_token:
        values = {
            Connection.access_encrypted: encrypt(ACCESS_PLACE, user_id, found.access_token),
            Connection.access_expires_at: claim.claimed_at + timedelta(seconds=found.expires_in),
        }
    if found.refresh_token:
        values[Connection.refresh_encrypted] = encrypt(REFRESH_PLACE, user_id, found.refresh_token)
    if found.scope is not None:
        values[Connection.scope] = found.scope
    return values


def _next_poll(services: Services, claim: Claim, rate: float) -> datetime:
    settings = services.settings
    every = schedule.interval(rate, settings.poll_min_minutes, settings.poll_max_minutes)
    return schedule.next_poll(claim.claimed_at, every, claim.minute_offset)
