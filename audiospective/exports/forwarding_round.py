"""One round of sending plays on: what is new since the last one, late plays too, then the past.

No poll writes anything for it: what was sent is kept by key, and what of the last weeks is not
among those is new. A server takes a listen twice as one, so a round that died is simply repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from audiospective.exports import forwarding, forwarding_requests
from audiospective.exports.forwarding_progress import EndedError, failed, note, unchanged, update
from audiospective.exports.forwarding_requests import Turn, send
from audiospective.history import hot_tail, reading, search, segment
from audiospective.history.catalog import track_facts
from audiospective.history.closed.away import YearAwayError
from audiospective.history.search import Wanted
from audiospective.imports import listens
from audiospective.imports import rounds as import_rounds
from audiospective.models import RemovedPlay
from audiospective.models.forwards import Forward, ForwardedPlay
from audiospective.models.plays import FROM_POLL, SENT_LIVE
from audiospective.policy import forwarding as rules
from audiospective.policy.forwarding import Candidate, Key
from audiospective.services import Services
from audiospective.vault import UnknownKeyError, VaultError

AGAIN = timedelta(minutes=15)
CLAIMED = timedelta(minutes=10)  # after which nobody can be at it any more
BATCHES = 10  # requests a round
PAST = 500  # earlier plays a round
SHARE = 60.0  # seconds of a round that one member may take


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
    try:
        if not _joined(row.user_id):
            update(row, {Forward.next_at: clock.now() + AGAIN})
            return 0
        server = forwarding.server(services, row.user_id, row.root, row.token_encrypted, end)
        turn = Turn(row, server, end)
        sent, whole = _new(turn)
        sent += _past(turn)
    except TokenRefusedError as error:
        failed(services, row, forwarding.told(error), refused=True)
    except UnknownKeyError:  # taken out by mistake, it comes back
        failed(services, row, forwarding.UNREADABLE)
    except VaultError:
        failed(services, row, forwarding.UNREADABLE, refused=True)
    except EndedError:
        log.event("forwarding_ended_meanwhile", user=row.user_id)
    except BusyError as error:
        now = clock.now()
        since = row.failing_since or now
        update(row, {Forward.next_at: now + error.pause, Forward.failing_since: since})
    except YearAwayError:
        update(row, {Forward.next_at: clock.now() + AGAIN})
    except ServerError as error:
        if end.stopped:  # we were told to end, so it says nothing about the server
            update(row, {Forward.next_at: clock.now()})
        else:
            failed(services, row, forwarding.told(error))
    else:
        update(
            row,
            {
                Forward.next_at: clock.now() + AGAIN,
                Forward.failures: 0,
                Forward.error: None,
                **({Forward.failing_since: None} if whole else {}),
            },
        )
        return sent
    return 0


def _joined(user_id: int) -> bool:
    """Make one of what a player sent and a late poll told of, lest it be sent as two."""
    if not import_rounds.waits_to_be_joined(user_id):
        return True
    listens.join(user_id)
    return not import_rounds.waits_to_be_joined(user_id)


def _claimed(user_id: int) -> Forward | None:
    """The row as it was, if nobody else took it since it was due and its token is not refused."""
    row = forwarding.of(user_id)
    if row is None:
        return None
    now = clock.now()
    due = (Forward.next_at == row.next_at) & (Forward.next_at <= now) & ~Forward.refused
    mine = Forward.update(next_at=now + CLAIMED).where(unchanged(row) & due).execute()
    return row if mine else None


def _new(turn: Turn) -> tuple[int, bool]:
    """How many plays were sent, and whether they are all that there was to send."""
    row = turn.row
    now = clock.to_ms(clock.now())
    until = now if row.failing_since is None else clock.to_ms(row.failing_since)
    start = max(clock.to_ms(row.since), until - rules.WINDOW)
    plays = reading.between(row.user_id, start, None, segment.COLUMNS)
    mine = (ForwardedPlay.user == row.user_id) & (ForwardedPlay.played_at >= start)
    sent = set(ForwardedPlay.select(ForwardedPlay.played_at, ForwardedPlay.track)
               .where(mine).tuples())  # fmt: skip
    candidates = _candidates(plays)
    new = [one for one in candidates if one.key not in sent]
    gone, moved = _moved(row.user_id, start, candidates, new, sent)
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
    number = send(turn, _of_keys(plays, wanted).head(most), noted=True)
    return number, len(wanted) <= most


def _past(turn: Turn) -> int:
    """A request at a time: how far it is, is written down after each."""
    if turn.row.past_at is None:
        return 0
    sent = 0
    edge: Key | None = (int(turn.row.past_at), int(turn.row.past_track or 0))
    batch = forwarding_requests.BATCH
    for limit in [min(batch, PAST)] * max(1, PAST // batch):
        if edge is None:
            break
        part, edge = _past_part(turn, edge, limit)
        sent += part
    return sent


def _past_part(turn: Turn, edge: Key, limit: int) -> tuple[int, Key | None]:
    """How many of the plays before `edge` were sent, and the next edge, if there are more."""
    row = turn.row
    plays, more = search.rows(row.user_id, Wanted(), before=edge, limit=limit)
    host = urlsplit(row.root).hostname or ""
    now = clock.to_ms(clock.now())
    back = {one.key for one in _candidates(plays)
            if one.live and not rules.goes(one, host, now, players=True)}  # fmt: skip
    kept = {one.key for one in _candidates(plays)} - back
    sent = send(turn, _of_keys(plays, kept), noted=False)
    last = plays.tail(1).select(pl.col("played_at").to_physical(), "track").rows()
    at, track = last[0] if more else (None, None)
    update(row, {Forward.past_at: at, Forward.past_track: track})
    return sent, (last[0] if more else None)


def _candidates(plays: pl.DataFrame) -> list[Candidate]:
    columns = (pl.col("played_at").to_physical(), "track", "source", "seen", "platform")
    return [
        Candidate((at, track), bool(source & FROM_POLL), bool((seen or 0) & SENT_LIVE), platform)
        for at, track, source, seen, platform in plays.select(columns).rows()
    ]


def _moved(
    user_id: int,
    start: int,
    candidates: Sequence[Candidate],
    new: Sequence[Candidate],
    sent: set[Key],
) -> tuple[Sequence[Key], Mapping[Key, Key]]:
    """Keys of sent plays that have gone, and those that they became (rules.moved).

    A play that its owner deleted is no sent one under another key, until it gets one itself. What
    became none of the new ones is forgotten: later ones have nothing to do with it.
    """
    gone = rules.vanished(sent, {one.key for one in candidates})
    removed = _removed(user_id, start) if gone else set()
    gone = [key for key in gone if key not in removed]
    if not gone:
        return [], {}
    deleted = removed - sent
    tracks = {track for _, track in (*gone, *deleted, *(one.key for one in new))}
    facts = track_facts.of(pl.Series(sorted(tracks), dtype=pl.Int32))
    titles, lengths = (
        dict(facts.select("track", name).drop_nulls().rows()) for name in ("title", "duration_ms")
    )
    return gone, rules.moved(gone, new, deleted, titles, lengths)


def _of_keys(plays: pl.DataFrame, keys: set[Key]) -> pl.DataFrame:
    return plays.join(reading.key_frame(sorted(keys)), on=segment.KEY, how="semi").sort(segment.KEY)


def _removed(user_id: int, start: int) -> set[hot_tail.Key]:
    mine = (RemovedPlay.user == user_id) & (RemovedPlay.played_at >= start)
    return set(RemovedPlay.select(RemovedPlay.played_at, RemovedPlay.track).where(mine).tuples())
