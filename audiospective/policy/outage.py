"""Outages: when nobody, or hardly anybody, is served, and who is told of that."""

from __future__ import annotations

from datetime import datetime, timedelta

from audiospective.policy import mass_failure

FEW = 5  # an instance this small tells its members, too: its operator may well be one of them
TOLD_AFTER = timedelta(hours=24)
TRIED_FOR = timedelta(hours=20)  # a day less the longest usual time to the first failure
LATELY = timedelta(hours=3)  # whoever had no success for this long is not being archived
AFTERMATH = timedelta(hours=4)  # until everybody's circuit has half-opened after an outage
CROWD = 10  # fewer may well sleep or travel at the same time
STRAGGLERS = 0.02
NIGHT = timedelta(hours=18)  # longer than anybody sleeps
LISTENS = timedelta(days=3)  # whoever played something since then usually listens


def late_after(longest_poll: timedelta) -> timedelta:
    """After how long without a success somebody counts as not being archived."""
    return max(LATELY, 2 * longest_poll)


def hits_everybody(late: int, people: int) -> bool:
    """Whether `late` of an app's `people` without a success for hours are an outage."""
    return late > 0 and (late == people or mass_failure.tripped(late, people))


def is_told(since: datetime, noticed_at: datetime, now: datetime) -> bool:
    """Whether an outage is told: a day without a success, and not because nothing ran here."""
    return now - since >= TOLD_AFTER and now - noticed_at >= TRIED_FOR


def is_explained(
    noticed_at: datetime, seen_at: datetime, began: datetime, lifted_at: datetime | None
) -> bool:
    """Whether an outage is a guard's that tripped at `began`, and of which many are still refused.

    While it held, they counted as late; since it was lifted they are charged and no longer do, so
    an outage that is seen later meets others. `lifted_at`: None where that is not known.
    """
    passed = lifted_at is not None and seen_at > lifted_at + AFTERMATH
    return noticed_at <= began + mass_failure.LASTING and not passed


def tells_members(late: int, people: int) -> bool:
    """Whether members are told of an outage: all of them are hit, and they are few."""
    return late == people <= FEW


def stands_still(moved: int, people: int) -> bool:
    """Whether Spotify shows `people` who usually listen nothing new, but for `moved` of them."""
    return people >= CROWD and moved <= people * STRAGGLERS


def moves_again(moved: int, people: int) -> bool:
    """Whether a feed that stood still shows new plays to more than stragglers."""
    return moved > people * STRAGGLERS
