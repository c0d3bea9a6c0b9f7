"""What a worker does for an import: its next step, and what follows if that fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from peewee import InterfaceError, OperationalError, PeeweeException
from redis.exceptions import RedisError
from rq.exceptions import ShutDownImminentException

from audiospective import clock, log
from audiospective.clients.queues import INTERRUPTS
from audiospective.clients.storage import DamagedError, MissingError, StorageError
from audiospective.history.closed.away import YearAwayError
from audiospective.history.replacing import ChangedError
from audiospective.history.segment_store import SegmentProofError
from audiospective.imports import claims, commit, reading_step, rounds, storing
from audiospective.imports.balance_sheet import UnbalancedError
from audiospective.imports.claims import Claim, LostError
from audiospective.imports.errors import RefusedError
from audiospective.imports.reading_process import AccidentError
from audiospective.models.base import clock_now
from audiospective.models.imports import COMMITTING, DONE, FAILED, READING, UNDOING, Import
from audiospective.policy.import_limits import ATTEMPTS
from audiospective.services import Services

STEPS: dict[str, Callable[[Services, Claim], None]] = {
    READING: reading_step.read,
    COMMITTING: commit.commit,
    UNDOING: commit.undo,
}
PAUSE = timedelta(seconds=30)  # until the next try, as after a deploy ...
AWAY_PAUSE = timedelta(minutes=5)  # ... and where something was away: its calls may take long
_WAITS = "{} cannot be used just now. Nothing is lost: this goes on once it can."
STORAGE, DATABASE, QUEUE = (
    _WAITS.format(what)
    for what in ("Our file storage", "Our database", "The queue in which imports wait")
)
UNPROVEN = (
    "What we wrote did not read back as it was, so nothing was changed. Nothing is lost: it is"
    " tried again by itself."
)
LOST = (
    "Our storage has lost a part of these files. Nothing was changed. The fault is ours; please"
    " send them again."
)
# What is no fault of the files: it passes, and then the import goes on, however often it was tried.
# What lasts for a day is an alarm (operations/watch.py).
AWAY: dict[type[Exception], str] = {
    YearAwayError: STORAGE,
    StorageError: STORAGE,
    OperationalError: DATABASE,
    InterfaceError: DATABASE,
    RedisError: QUEUE,
}
_TRIED = "Our worker did not get through it in {} tries. Nothing was changed; we have been told."
_ACCIDENT = "Reading it took more memory or time than we have. Nothing was changed."
_UNBALANCED = "The sheet did not balance, so nothing was added. The fault is ours; we look into it."


def work(services: Services, import_id: int) -> None:
    """Do the next step of an import, unless somebody else is at it."""
    claim = claims.claim(import_id)
    if claim is None:
        return
    if claim.row.attempts > ATTEMPTS:
        _give_up(services, claim, _TRIED.format(ATTEMPTS))
        return
    try:
        STEPS[claim.row.status](services, claim)
    except ShutDownImminentException:
        with suppress(PeeweeException):  # a deploy is no fault of the files
            _put_off(services, claim, None)
        raise
    except INTERRUPTS:
        raise  # the lease runs out, and the next worker begins again
    except LostError:
        return
    except RefusedError as error:
        _give_up(services, claim, error.sentence)
    except UnbalancedError as error:
        log.trouble("import_unbalanced", error, import_id=import_id)
        _give_up(services, claim, _UNBALANCED)
    except AccidentError as error:
        log.trouble("import_accident", error, import_id=import_id)
        if claim.row.attempts >= ATTEMPTS:
            _give_up(services, claim, _ACCIDENT)
        else:
            _release(claim)
    except ChangedError:
        _put_off(services, claim, None)
    except SegmentProofError as error:
        log.trouble("import_unproven", error, import_id=import_id)
        _put_off(services, claim, UNPROVEN, AWAY_PAUSE)
    except (DamagedError, MissingError) as error:  # of its own files: waiting is no help
        log.trouble("import_failed", error, import_id=import_id)
        if claim.row.attempts >= ATTEMPTS:
            _give_up(services, claim, LOST)
        else:
            _release(claim)
    except tuple(AWAY) as error:
        log.event("import_waits", log.WARNING, import_id=import_id, reason=str(error))
        said = next(said for kind, said in AWAY.items() if isinstance(error, kind))
        _put_off(services, claim, said, AWAY_PAUSE)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again and then given up
        log.trouble("import_failed", error, import_id=import_id)
        _release(claim)


def _give_up(services: Services, claim: Claim, sentence: str) -> None:
    undoing = claim.row.status == UNDOING
    try:
        claim.end(DONE if undoing else FAILED, {"error": sentence})
    except LostError:
        return
    if not undoing:
        storing.drop(services.storage, claim.row)


def _release(claim: Claim) -> None:
    """Let the next round begin again; how often it was tried stays known.

    Not sooner: what passes within the hour, such as too little memory, must not use up all tries.
    """
    _change(claim, {"lease_until": clock.EPOCH})


def _put_off(
    services: Services, claim: Claim, sentence: str | None, pause: timedelta = PAUSE
) -> None:
    """Let it wait for what is away, however long that is; this was no try."""
    later = clock_now() + PAUSE // timedelta(milliseconds=1)
    _change(claim, {"lease_until": later, "attempts": Import.attempts - 1, "error": sentence})
    rounds.wake_later(services, claim.id, pause)


def _change(claim: Claim, values: Mapping[str, Any]) -> None:
    """Unless the step is done: then only storage is still to be emptied, which a round does."""
    mine = (Import.id == claim.id) & (Import.fence == claim.row.fence)
    Import.update(**values).where(mine & (Import.status == claim.row.status)).execute()
