"""Requests of a round of sending on, each noted once it was answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from audiospective import clock
from audiospective.clients.deadline import Deadline
from audiospective.clients.listen_server import (
    ListenServer,
    ListensRefusedError,
    SlowError,
)
from audiospective.exports import plays_as_listens
from audiospective.exports.forwarding_progress import EndedError, note, unchanged, update
from audiospective.models import transaction
from audiospective.models.forwards import Forward

BATCH = 100  # listens a request
REFUSALS = 50  # answers of a round that refuse listens, after which the server counts as away


@dataclass
class Turn:
    """One member's part of a round; `refusals` counts the answers that refused listens."""

    row: Forward
    server: ListenServer
    end: Deadline
    refusals: int = 0


def send(turn: Turn, plays: pl.DataFrame, *, noted: bool) -> int:
    """Request after request, each noted once it was answered; raises ServerError, EndedError.

    Listens that are refused together are sent in halves, down to the one that is refused.
    """
    every = plays_as_listens.of(plays)
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
                note(turn.row, [key for key, _ in batch])
            update(
                turn.row,
                {
                    Forward.sent: Forward.sent + taken,
                    Forward.rejected: Forward.rejected + len(told) - taken,
                    **({Forward.sent_at: clock.now()} if told else {}),
                },
            )
    return sent


def _taken(turn: Turn, told: Sequence[dict[str, Any]]) -> bool:
    """Send listens; False if the server will not have them. Raises ServerError, EndedError."""
    if not Forward.select().where(unchanged(turn.row)).exists():
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
