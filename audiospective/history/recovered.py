"""How many plays imports put into gaps, counted anew where such plays come, go or are joined."""

from __future__ import annotations

import polars as pl

from audiospective import clock
from audiospective.history import reading
from audiospective.history.closed import away
from audiospective.history.closed.away import YearAwayError
from audiospective.models.gaps import Gap
from audiospective.models.imports import Import
from audiospective.models.plays import FROM_IMPORT


def recount(user_id: int, first: int, last: int) -> bool:
    """Bring up to date the gaps that reach into this time (UTC ms), in the caller's transaction.

    A long gap may reach into a year that is away: no play is refused for a figure's sake, it is
    counted by a later round of imports. False where there is such a gap.
    """
    overlap = (Gap.started_at < clock.from_ms(last)) & (Gap.ended_at >= clock.from_ms(first))
    uncounted = []
    for gap in Gap.select().where((Gap.user == user_id) & overlap):
        start, end = clock.to_ms(gap.started_at), clock.to_ms(gap.ended_at)
        try:
            with away.never_tolerated():  # a page that deletes a play would count what it can read
                plays = reading.between(user_id, start + 1, end + 1, ("source",))
        except YearAwayError:
            uncounted.append(gap)
            continue
        put(gap, plays.filter(pl.col("source") == FROM_IMPORT).height)
    for gap in uncounted:  # gaps before imports, as in a poll: else two would wait for each other
        Import.look_again(user_id, gap.started_at, gap.ended_at)
    return not uncounted


def put(gap: Gap, recovered: int) -> None:
    """Note the figure, if it is another one."""
    if recovered != gap.recovered:
        Gap.update(recovered=recovered).where(Gap.id == gap.id).execute()
