"""Closed years: moves them to storage, brings them home, removes what nothing refers to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audiospective import clock, log
from audiospective.clients.deadline import Deadline
from audiospective.clients.queues import INTERRUPTS
from audiospective.clients.storage import DamagedError, MissingError, StorageError
from audiospective.models.database_away import says_away
from audiospective.services import Services

if TYPE_CHECKING:
    from audiospective.history.closed.sweeping import Swept

SECONDS = 3 * 3600.0  # of one round; the next one goes on
IN_A_ROW = 3  # failures after which a round gives up: storage is away


@dataclass
class Done:
    """How many years moved, and how many are left because storage did not do it."""

    moved: int = 0
    failed: int = 0
    swept: Swept | None = None
    taken: str = ""  # why the folder is not touched


def round_of(services: Services, end: Deadline | None = None) -> Done:
    """Do what the timetable asks for: years move if the settings say so, unused objects go."""
    from audiospective.history.closed import moving, prefix, sweeping

    done = Done()
    wanted = services.settings.keeps_closed_years_in_storage
    if not wanted and prefix.known() is None:
        return done
    try:
        own = prefix.own(services.storage, clock.now(), services.settings.deployment)
        if wanted:
            _each(moving.due(clock.now(), own), lambda one: moving.take(*one, own), done, end)
        done.swept = sweeping.sweep(own, clock.now())
    except prefix.TakenError as error:
        log.event("closed_years_taken", log.ERROR, folder=prefix.known())
        done.taken = str(error)
        done.failed += 1
    except StorageError as error:
        log.trouble("closed_years_failed", error)
        done.failed += 1
    log.event("closed_years", moved=done.moved, failed=done.failed)
    return done


def take_over(services: Services) -> str:
    """Let this deployment go on with the folder of its database; raises StorageError."""
    from audiospective.history.closed import prefix

    return prefix.take_over(services.storage, clock.now(), services.settings.deployment)


def home(end: Deadline | None = None) -> Done:
    """Bring every closed year home; what storage does not give stays where it is."""
    from audiospective.history.closed import moving

    done = Done()
    _each(moving.away(), lambda one: moving.bring_home(*one), done, end)
    return done


def _each(
    people: list[tuple[int, int]],
    act: Callable[[tuple[int, int]], bool],
    done: Done,
    end: Deadline | None,
) -> None:
    failures = 0
    for one in people:
        if failures >= IN_A_ROW or (end is not None and not end.remaining()):
            return
        try:
            done.moved += act(one)
            failures = 0
        except StorageError as error:
            log.trouble("closed_year_failed", error, user=one[0], year=one[1])
            done.failed += 1
            # An object that is lost or damaged says nothing of the others.
            failures += not isinstance(error, MissingError | DamagedError)
        except INTERRUPTS:
            raise
        except Exception as error:  # whatever it is, it is this one's alone
            if says_away(error):
                raise
            log.trouble("closed_year_failed", error, user=one[0], year=one[1])
            done.failed += 1
