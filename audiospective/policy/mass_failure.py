"""The mass-failure guard: what happens to everybody at once is nobody's own fault.

Spotify has answered `invalid_grant` to all users of an app before; whoever believed it deleted
good tokens and wrote to people who could do nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from audiospective.policy.failures import Failure

WINDOW = timedelta(hours=1)
FEW = 5
SHARE = 0.10
CROWD = 10  # fewer may well sleep or travel at the same time
STRAGGLERS = 0.02
NIGHT = timedelta(hours=18)  # longer than anybody sleeps
LISTENS = timedelta(days=3)  # whoever played something since then usually listens
# A consent this close to its end may be expected to end; a founding day's worth of them ends
# together and must not look like an accident.
EXPECTED_TO_END = timedelta(days=3)

GUARDED = frozenset({Failure.AUTH, Failure.NOT_ALLOWED, Failure.WITHHELD})
# Refusals to ask at all; when these keep everybody out, a letter to each tells nobody anything.
SHARED = frozenset(
    {Failure.NETWORK, Failure.RATE_LIMIT, Failure.QUOTA, Failure.APP, Failure.WITHHELD}
)


def tripped(refused: int, people: int) -> bool:
    """Whether `refused` people of an app's `people`, within WINDOW, are a mass failure."""
    return refused > max(FEW, SHARE * people)


def tripped_at_once(refused: int, polled: int) -> bool:
    """The same, seen sooner: of those `polled` within minutes, more than a few and at least half.

    Polls are spread over the hour, so a tenth of a large app takes minutes to add up.
    """
    return refused > FEW and 2 * refused >= polled


def ends_anyway(reauth_due_at: datetime, now: datetime) -> bool:
    """Whether this consent's six months are over or nearly so; it does not count then."""
    return reauth_due_at - now <= EXPECTED_TO_END


def stands_still(moved: int, people: int) -> bool:
    """Whether Spotify shows `people` who usually listen nothing new, but for `moved` of them."""
    return people >= CROWD and moved <= people * STRAGGLERS


def hits_everybody(late: int, people: int) -> bool:
    """Whether `late` of an app's `people` without a success for a day are an outage."""
    return late == people or tripped(late, people)
