"""Requests of a round of sending on, each noted once it was answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from audiospective import clock
from audiospective.clients.deadline import Deadline
from audiospective.clients.listen_server import (
    BrokenError,
    ListenServer,
    ListensRefusedError,
    SlowError,
)
from audiospective.exports import plays_as_listens
from audiospective.exports.forwarding_progress import EndedError, unchanged, update
from audiospective.models import transaction
from audiospective.models.forwards import Forward
from audiospective.policy import listen_servers
from audiospective.policy.forwarding import Key

BATCH = 100  # listens a request
REFUSALS = 50  # answers in a row that refuse listens, after which the server counts as away
DOUBTFUL = 5  # listens in a row at which it broke, after which the server counts as away
MANY = 20  # requests of a round; whoever answered so many is not slow, there is only much to send

_Batch = Sequence[tuple[Key, dict[str, Any] | None]]


class PausedError(Exception):
    """The share of the time is used up, by much to send: the next round goes on."""


@dataclass
class Turn:
    """One member's part of a round.

    `requests` counts those that were answered, `refusals` how many of the last ones refused their
    listens, `sent` the listens that were taken.
    """

    row: Forward
    server: ListenServer
    end: Deadline
    requests: int = 0
    refusals: int = 0
    sent: int = 0


def send(
    turn: Turn,
    plays: pl.DataFrame,
    done: Callable[[Sequence[Key]], None],
    *,
    newest_first: bool = False,
) -> None:
    """Request after request; `done` is called in a transaction with the keys of each that was
    answered. Raises ServerError, EndedError, PausedError.

    Listens that are refused together are sent in halves, down to the one that is refused. So are
    those at which the server breaks: one at which it does so twice, and answers to another one in
    between, counts as refused. Else it would keep all others back for good.
    """
    every = plays_as_listens.of(plays)
    if newest_first:
        every.reverse()
    size = 1 if listen_servers.one_by_one(turn.row.root) else BATCH
    waiting = deque[_Batch](every[start : start + size] for start in range(0, len(every), size))
    doubtful: list[tuple[Key, dict[str, Any] | None]] = []  # until another one is answered to
    broke: BrokenError | None = None
    while waiting:
        batch = waiting.popleft()
        told = _listens(batch)
        if doubtful and not told:
            doubtful += batch
            continue
        try:
            fine = not told or _taken(turn, told)
        except BrokenError as error:
            if len(told) == 1 and len(_listens(doubtful)) == DOUBTFUL:
                raise
            fine, broke = False, error
            if len(told) == 1:
                doubtful += batch
                continue
        if not fine and len(told) > 1:
            middle = len(batch) // 2
            waiting.extendleft((batch[middle:], batch[:middle]))
            continue
        taken = len(told) * fine
        if doubtful:
            taken += sum(_taken_after_all(turn, [one]) for one in _listens(doubtful))
            batch, doubtful = [*doubtful, *batch], []
        turn.sent += taken
        told = _listens(batch)
        with transaction():
            done([key for key, _ in batch])
            update(
                turn.row,
                {
                    Forward.sent: Forward.sent + taken,
                    Forward.rejected: Forward.rejected + len(told) - taken,
                    **({Forward.sent_at: clock.now()} if told else {}),
                },
            )
    if doubtful and broke is not None:
        raise broke


def _listens(batch: _Batch) -> list[dict[str, Any]]:
    return [listen for _, listen in batch if listen is not None]


def _taken_after_all(turn: Turn, told: Sequence[dict[str, Any]]) -> bool:
    """The same of what the server broke at before; False also if it does so again."""
    try:
        return _taken(turn, told)
    except BrokenError:
        return False


def _taken(turn: Turn, told: Sequence[dict[str, Any]]) -> bool:
    """Send listens; False if the server will not have them.

    Raises ServerError, EndedError, PausedError.
    """
    if not Forward.select().where(unchanged(turn.row)).exists():
        raise EndedError
    if turn.end.remaining() <= 0:
        if turn.requests >= MANY and not turn.end.stopped:
            raise PausedError
        raise SlowError("the share of the time is used up")
    try:
        turn.server.submit(told)
    except ListensRefusedError:
        turn.requests += 1
        turn.refusals += 1
        if turn.refusals > REFUSALS:
            raise
        return False
    turn.requests += 1
    turn.refusals = 0
    return True
