"""One round of sending plays on: what is new since the last one, late plays too, then the past.

No poll writes anything for it: what was sent is kept by key, and what of the last weeks is not
among those is new. A server takes a listen twice as one, so a round that died is simply repeated.
One module although it is long: what is new, what is sent and what is kept are one decision.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import polars as pl

import audiospective
from audiospective import clock, log
from audiospective.clients.deadline import Deadline
from audiospective.clients.listen_server import (
    BusyError,
    ListenServer,
    ListensRefusedError,
    ServerError,
    SlowError,
    TokenRefusedError,
)
from audiospective.clients.queues import INTERRUPTS
from audiospective.exports import forwarding
from audiospective.history import hot, reading, search, segment
from audiospective.history.catalog import track_facts
from audiospective.history.closed.away import YearAwayError
from audiospective.history.search import Wanted
from audiospective.imports import listens
from audiospective.imports import rounds as import_rounds
from audiospective.models import RemovedPlay, User, transaction
from audiospective.models.forwards import Forward, ForwardedPlay
from audiospective.models.plays import FROM_POLL, SENT_LIVE
from audiospective.notices.kinds import forwarding_failed
from audiospective.policy import forwarding as rules
from audiospective.policy import listen_servers
from audiospective.policy.forwarding import Candidate, Key
from audiospective.policy.timing import BY_END, BY_HEARD, Timing
from audiospective.services import Services
from audiospective.vault import VaultError

AGAIN = timedelta(minutes=15)
CLAIMED = timedelta(minutes=10)  # after which nobody can be at it any more
BATCH = 100  # listens a request
BATCHES = 10  # requests a round
PAST = 500  # earlier plays a round
SHARE = 60.0  # seconds of a round that one member may take
REFUSALS = 50  # answers of a round that refuse listens, after which the server counts as away
NAME = 500  # characters
CHUNK = 200  # rows a statement


class EndedError(Exception):
    """The member ended it, chose another server or left while the round was under way."""


@dataclass
class _Turn:
    """One member's part of a round; `refusals` counts the answers that refused listens."""

    row: Forward
    server: ListenServer
    end: Deadline
    refusals: int = 0


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
            _failed(services, row, forwarding.BROKEN)
    return sent


def one(services: Services, row: Forward, end: Deadline) -> int:
    """Send on the new plays of one member, then some of the past, until `end`; how many."""
    try:
        if not _joined(row.user_id):
            _update(row, {Forward.next_at: clock.now() + AGAIN})
            return 0
        server = forwarding.server(services, row.user_id, row.root, row.token_sealed, end)
        turn = _Turn(row, server, end)
        sent, whole = _new(turn)
        sent += _past(turn)
    except TokenRefusedError as error:
        _failed(services, row, forwarding.told(error), refused=True)
    except VaultError:
        _failed(services, row, forwarding.UNREADABLE, refused=True)
    except EndedError:
        log.event("forwarding_ended_meanwhile", user=row.user_id)
    except BusyError as error:
        now = clock.now()
        since = row.failing_since or now
        _update(row, {Forward.next_at: now + error.pause, Forward.failing_since: since})
    except YearAwayError:
        _update(row, {Forward.next_at: clock.now() + AGAIN})
    except ServerError as error:
        if end.stopped:  # we were told to end, so it says nothing about the server
            _update(row, {Forward.next_at: clock.now()})
        else:
            _failed(services, row, forwarding.told(error))
    else:
        _update(
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
    row = forwarding.of(user_id)
    if row is None:
        return None
    seen = (Forward.user == user_id) & (Forward.next_at == row.next_at)
    mine = Forward.update(next_at=clock.now() + CLAIMED).where(seen).execute()
    return row if mine else None


def _new(turn: _Turn) -> tuple[int, bool]:
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
    gone = rules.vanished(sent, {one.key for one in candidates})
    kept = [key for key in gone if key not in _removed(row.user_id, start)]
    moved = rules.moved(kept, new)
    _note(row, [*moved.values()], gone=[*moved])
    host = urlsplit(row.root).hostname or ""
    wanted = {
        one.key
        for one in new
        if one.key not in moved.values() and rules.goes(one, host, now, players=row.players)
    }
    ForwardedPlay.delete().where(
        (ForwardedPlay.user == row.user_id) & (ForwardedPlay.played_at < start - rules.WINDOW)
    ).execute()
    most = BATCH * BATCHES
    number = _send(turn, _of_keys(plays, wanted).head(most), noted=True)
    return number, len(wanted) <= most


def _past(turn: _Turn) -> int:
    """A request at a time: how far it is, is written down after each."""
    if turn.row.past_at is None:
        return 0
    sent = 0
    edge: Key | None = (int(turn.row.past_at), int(turn.row.past_track or 0))
    for limit in [min(BATCH, PAST)] * max(1, PAST // BATCH):
        if edge is None:
            break
        part, edge = _past_part(turn, edge, limit)
        sent += part
    return sent


def _past_part(turn: _Turn, edge: Key, limit: int) -> tuple[int, Key | None]:
    """How many of the plays before `edge` were sent, and the next edge, if there are more."""
    row = turn.row
    plays, more = search.rows(row.user_id, Wanted(), before=edge, limit=limit)
    host = urlsplit(row.root).hostname or ""
    now = clock.to_ms(clock.now())
    back = {one.key for one in _candidates(plays)
            if one.live and not rules.goes(one, host, now, players=True)}  # fmt: skip
    kept = {one.key for one in _candidates(plays)} - back
    sent = _send(turn, _of_keys(plays, kept), noted=False)
    last = plays.tail(1).select(pl.col("played_at").to_physical(), "track").rows()
    at, track = last[0] if more else (None, None)
    _update(row, {Forward.past_at: at, Forward.past_track: track})
    return sent, (last[0] if more else None)


def _send(turn: _Turn, plays: pl.DataFrame, *, noted: bool) -> int:
    """Request after request, each noted once it was answered; raises ServerError, EndedError.

    Listens that are refused together are sent in halves, down to the one that is refused.
    """
    every = _listens(plays)
    waiting = deque(every[start : start + BATCH] for start in range(0, len(every), BATCH))
    sent = 0
    while waiting:
        batch = waiting.popleft()
        told = [listen for _, listen in batch if listen is not None]
        taken = len(told)
        if told and not _taken(turn, told):
            if len(told) > 1:
                middle = len(batch) // 2
                waiting.extendleft((batch[middle:], batch[:middle]))
                continue
            taken = 0
        sent += taken
        with transaction():
            if noted:
                _note(turn.row, [key for key, _ in batch])
            _update(
                turn.row,
                {
                    Forward.sent: Forward.sent + taken,
                    Forward.rejected: Forward.rejected + len(told) - taken,
                    **({Forward.sent_at: clock.now()} if told else {}),
                },
            )
    return sent


def _taken(turn: _Turn, told: Sequence[dict[str, Any]]) -> bool:
    """Send listens; False if the server will not have them. Raises ServerError, EndedError."""
    if not Forward.select().where(_this(turn.row)).exists():
        raise EndedError
    if turn.end.remaining() <= 0:
        raise SlowError("the share of the time is used up")
    try:
        turn.server.submit(told)
    except ListensRefusedError:
        turn.refusals += 1
        if turn.refusals > REFUSALS:
            raise
        return False
    return True


def _listens(plays: pl.DataFrame) -> list[tuple[Key, dict[str, Any] | None]]:
    """Plays, the oldest first, as listens; None for what has no artist or is no music."""
    facts = {one["track"]: one for one in track_facts.of(plays["track"]).to_dicts()}
    rows = plays.with_columns(pl.col("played_at").to_physical()).sort(segment.KEY).to_dicts()
    return [((row["played_at"], row["track"]), _listen(row, facts[row["track"]])) for row in rows]


def _listen(play: dict[str, Any], track: dict[str, Any]) -> dict[str, Any] | None:
    artists = [name[:NAME] for name in track["artists"] if name][:20]
    if not artists or not track["title"] or track["kind"] != "track":
        return None
    link = track["spotify_id"] and f"https://open.spotify.com/track/{track['spotify_id']}"
    polled = bool(play["source"] & FROM_POLL)
    more = {
        "submission_client": "Audiospective",
        "submission_client_version": audiospective.__version__,
        "music_service": "spotify.com" if polled else None,
        "media_player": None if polled else play["platform"],
        "artist_names": artists,
        "duration_ms": track["duration_ms"] or None,
        "ms_played": play["ms_played"],
        "spotify_id": link,
        "origin_url": link,
        "isrc": track["isrc"],
    }
    told = {
        "artist_name": ", ".join(artists)[:NAME],
        "track_name": track["title"][:NAME],
        "release_name": (track["album"] or "")[:NAME] or None,
        "additional_info": {name: value for name, value in more.items() if value is not None},
    }
    return {
        "listened_at": _began(play, track["duration_ms"]) // 1000,
        "track_metadata": {name: value for name, value in told.items() if value is not None},
    }


def _began(play: dict[str, Any], length: int | None) -> int:
    """When it began, as ListenBrainz wants it (UTC ms); where nobody knows, when it ended."""
    at: int = play["played_at"]
    timing = Timing(play["timing"] or 0)
    if timing in BY_END:
        return at - (play["ms_played"] if play["ms_played"] is not None else length or 0)
    return at - (play["ms_played"] or 0) if timing in BY_HEARD else at


def _candidates(plays: pl.DataFrame) -> list[Candidate]:
    columns = (pl.col("played_at").to_physical(), "track", "source", "seen", "platform")
    return [
        Candidate((at, track), bool(source & FROM_POLL), bool((seen or 0) & SENT_LIVE), platform)
        for at, track, source, seen, platform in plays.select(columns).rows()
    ]


def _of_keys(plays: pl.DataFrame, keys: set[Key]) -> pl.DataFrame:
    return plays.join(reading.key_frame(sorted(keys)), on=segment.KEY, how="semi").sort(segment.KEY)


def _removed(user_id: int, start: int) -> set[hot.Key]:
    """A play that its owner deleted is no sent one under another key."""
    mine = (RemovedPlay.user == user_id) & (RemovedPlay.played_at >= start)
    return set(RemovedPlay.select(RemovedPlay.played_at, RemovedPlay.track).where(mine).tuples())


def _note(row: Forward, keys: Sequence[Key], gone: Sequence[Key] = ()) -> None:
    """Raises EndedError: whoever ended it wants nothing kept of what was sent."""
    rows = [{"user": row.user_id, "played_at": at, "track": track} for at, track in keys]
    with transaction():
        if not _update(row, {Forward.sent: Forward.sent}):  # held until the keys are written
            raise EndedError
        for at, track in gone:
            ForwardedPlay.delete().where(
                (ForwardedPlay.user == row.user_id) & (ForwardedPlay.played_at == at)
                & (ForwardedPlay.track == track)
            ).execute()  # fmt: skip
        for start in range(0, len(rows), CHUNK):
            ForwardedPlay.insert_many(rows[start : start + CHUNK]).on_conflict_ignore().execute()


def _failed(services: Services, row: Forward, sentence: str, *, refused: bool = False) -> None:
    """Note it, wait longer each time, and tell the member once."""
    now = clock.now()
    failures = min(row.failures + 1, 100)
    since = row.failing_since or now
    with transaction():
        there = _update(
            row,
            {
                Forward.failures: failures,
                Forward.failing_since: since,
                Forward.refused: refused,
                Forward.error: sentence,
                Forward.next_at: now + listen_servers.pause(failures),
            },
        )
        if not there:
            return
        if refused or now - since >= listen_servers.TELL_AFTER:
            user = User.get_by_id(row.user_id)
            forwarding_failed.put(services, user, since, sentence, ends=refused)


def _update(row: Forward, values: dict[Any, Any]) -> int:
    """Only while it is still this server; how many rows that are, 1 or 0."""
    return int(Forward.update(values).where(_this(row)).execute())


def _this(row: Forward) -> Any:
    """The member may have ended it, or chosen another server or token meanwhile."""
    return (
        (Forward.user == row.user_id)
        & (Forward.root == row.root)
        & (Forward.token_sealed == row.token_sealed)
    )
