"""One round of sending plays on: what is new since the last one, late plays too, then the past.

No poll writes anything for it: what was sent is kept by key, and what of the last weeks is not
among those is new. A server takes a listen twice as one, so a round that died is simply repeated.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import polars as pl

from audiospective import clock, log
from audiospective.clients.deadline import Deadline
from audiospective.clients.listen_server import (
    BusyError,
    ServerError,
    TokenRefusedError,
)
from audiospective.clients.queues import INTERRUPTS
from audiospective.exports import forwarding, forwarding_plays, forwarding_requests
from audiospective.exports.forwarding_progress import EndedError, failed, note, unchanged, update
from audiospective.exports.forwarding_requests import PausedError, Turn, send
from audiospective.history import reading, search, segment
from audiospective.history.closed.away import YearAwayError
from audiospective.history.search import Wanted
from audiospective.imports import listens
from audiospective.imports import rounds as import_rounds
from audiospective.models.forwards import Forward, ForwardedPlay
from audiospective.policy import forwarding as rules
from audiospective.policy import listen_servers
from audiospective.policy.forwarding import Key
from audiospective.services import Services
from audiospective.vault import UnknownKeyError, VaultError

AGAIN = timedelta(minutes=15)
CLAIMED = timedelta(minutes=10)  # after which nobody can be at it any more
BATCHES = 10  # requests a round
PAST = 500  # earlier plays a round
SHARE = 60.0  # seconds of a round that one member may take


class _UnjoinedError(Exception):
    """Polls brought plays that are not yet held against what players sent."""


def carry_out(services: Services, deadline: Deadline) -> int:
    """Send on what is due until `deadline`; how many plays. Trouble of one is nobody else's.

    Nobody is begun for whom no whole share of the time is left: they are the first next time.
    """
    sent = 0
    for user_id in forwarding.due():
        if deadline.remaining() < SHARE:
            break
        row = _claimed(user_id)
        if row is None:
            continue
        try:
            sent += one(services, row, deadline.part(SHARE))
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's alone
            log.trouble("plays_not_forwarded", error, user=user_id)
            failed(services, row, forwarding.BROKEN)
    return sent


def one(services: Services, row: Forward, end: Deadline) -> int:
    """Send on the new plays of one member, then some of the past, until `end`; how many."""
    turn: Turn | None = None
    whole = False
    try:
        _join(row.user_id)
        server = forwarding.server(services, row.user_id, row.root, row.token_encrypted, end)
        turn = Turn(row, server, end)
        whole = _new(turn)
        _past(turn)
    except PausedError:
        _went(row, whole=whole)
        return turn.sent if turn is not None else 0
    except TokenRefusedError as error:
        failed(services, row, forwarding.told(error), refused=True)
    except UnknownKeyError:  # taken out by mistake, it comes back
        failed(services, row, forwarding.UNREADABLE)
    except VaultError:
        failed(services, row, forwarding.UNREADABLE, refused=True)
    except _UnjoinedError:
        update(row, {Forward.next_at: clock.now() + AGAIN})
    except EndedError:
        log.event("forwarding_ended_meanwhile", user=row.user_id)
    except BusyError as error:
        _busy(services, row, error, went_on=turn is not None and turn.sent > 0)
    except YearAwayError:
        since = row.failing_since or clock.now()
        update(row, {Forward.next_at: clock.now() + AGAIN, Forward.failing_since: since})
    except ServerError as error:
        if end.stopped:  # we were told to end, so it says nothing about the server
            update(row, {Forward.next_at: clock.now()})
        else:
            failed(services, row, forwarding.told(error))
    else:
        _went(row, whole=whole)
        return turn.sent
    return 0


def _went(row: Forward, *, whole: bool) -> None:
    """Note that the server takes plays; `whole` if all are there that were to go."""
    update(
        row,
        {
            Forward.next_at: clock.now() + AGAIN,
            Forward.failures: 0,
            Forward.error: None,
            **({Forward.failing_since: None} if whole else {}),
        },
    )


def _busy(services: Services, row: Forward, error: BusyError, *, went_on: bool) -> None:
    """Wait as long as it wants. One that takes nothing for a day is no better than one away."""
    now = clock.now()
    since = row.failing_since or now
    if not went_on and now - max(since, row.sent_at or since) >= listen_servers.TELL_AFTER:
        failed(services, row, forwarding.BUSY, pause=error.pause)
    else:
        update(row, {Forward.next_at: now + error.pause, Forward.failing_since: since})


def _join(user_id: int) -> None:
    """Make one of what a player sent and a late poll told of, lest it be sent as two."""
    if import_rounds.waits_to_be_joined(user_id):
        listens.join(user_id)
        _require_joined(user_id)


def _require_joined(user_id: int) -> None:
    if import_rounds.waits_to_be_joined(user_id):
        raise _UnjoinedError


def _claimed(user_id: int) -> Forward | None:
    """The row as it was, if nobody else took it since it was due and its token is not refused."""
    row = forwarding.of(user_id)
    if row is None:
        return None
    now = clock.now()
    due = (Forward.next_at == row.next_at) & forwarding.is_due(now)
    mine = Forward.update(next_at=now + CLAIMED).where(unchanged(row) & due).execute()
    return row if mine else None


def _new(turn: Turn) -> bool:
    """Send new plays; whether they are all that there was to send."""
    row = turn.row
    now = clock.to_ms(clock.now())
    # Since nothing was sent: after an outage of ours that is when it was its turn.
    until = min(now, clock.to_ms(row.failing_since or row.next_at))
    start = max(clock.to_ms(row.since), until - rules.WINDOW)
    plays = reading.between(row.user_id, start, None, segment.COLUMNS)
    _require_joined(row.user_id)  # else among them is what a poll has just told of
    mine = (ForwardedPlay.user == row.user_id) & (ForwardedPlay.played_at >= start)
    sent = set(ForwardedPlay.select(ForwardedPlay.played_at, ForwardedPlay.track)
               .where(mine).tuples())  # fmt: skip
    there = forwarding_plays.candidates(plays)
    new = [one for one in there if one.key not in sent]
    gone, moved = forwarding_plays.moved(row.user_id, start, there, new, sent)
    note(row, [*moved.values()], gone=gone)
    host = urlsplit(row.root).hostname or ""
    only_moved = {*moved.values()}
    wanted = {
        one.key
        for one in new
        if one.key not in only_moved and rules.goes(one, host, now, players=row.players)
    }
    ForwardedPlay.delete().where(
        (ForwardedPlay.user == row.user_id) & (ForwardedPlay.played_at < start - rules.WINDOW)
    ).execute()
    most = forwarding_requests.BATCH * BATCHES
    send(turn, forwarding_plays.of_keys(plays, wanted).head(most), lambda keys: note(row, keys))
    return len(wanted) <= most


def _past(turn: Turn) -> None:
    """A part at a time, the newest first: how far it is, is written down after each request."""
    if turn.row.past_at is None:
        return
    edge: Key | None = (int(turn.row.past_at), int(turn.row.past_track or 0))
    batch = forwarding_requests.BATCH
    for limit in [min(batch, PAST)] * max(1, PAST // batch):
        if edge is None:
            break
        edge = _past_part(turn, edge, limit)


def _past_part(turn: Turn, edge: Key, limit: int) -> Key | None:
    """Send those of the plays before `edge` that may go; the next edge, if there are more."""
    row = turn.row
    plays, more = search.rows(row.user_id, Wanted(), before=edge, limit=limit)
    host = urlsplit(row.root).hostname or ""
    now = clock.to_ms(clock.now())
    kept = {one.key for one in forwarding_plays.candidates(plays)
            if not one.live or rules.goes(one, host, now, players=True)}  # fmt: skip
    send(
        turn,
        forwarding_plays.of_keys(plays, kept),
        lambda keys: _came_to(row, keys[-1]),
        newest_first=True,
    )
    last = plays.tail(1).select(pl.col("played_at").to_physical(), "track").rows()
    edge_now: Key | None = last[0] if more else None
    _came_to(row, edge_now)
    return edge_now


def _came_to(row: Forward, edge: Key | None) -> None:
    at, track = edge or (None, None)
    update(row, {Forward.past_at: at, Forward.past_track: track})
