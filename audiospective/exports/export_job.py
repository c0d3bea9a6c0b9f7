"""What a worker does for an export: takes turns, each at least one step, until it is in storage.

Between two steps it gives way to every other job that waits: nobody's plays wait longer than one
step of somebody's file takes. What is done so far stays in a folder of this machine.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

from audiospective import clock, log
from audiospective.clients.deadline import Deadline
from audiospective.clients.queues import EXPORT, INTERRUPTS
from audiospective.clients.storage import DamagedError, MissingError, StorageError, Told
from audiospective.exports import (
    claims,
    export_requests,
    files,
    finished,
    schedule,
    scratch,
    snapshot,
)
from audiospective.exports.bundle.writing import Bundle
from audiospective.exports.claims import Claim, LostError
from audiospective.exports.formats import FORMATS
from audiospective.exports.snapshot import Owner, RestlessError, Snapshot
from audiospective.history.closed.away import YearAwayError
from audiospective.imports import disk_room
from audiospective.models import User, transaction
from audiospective.models.exports import FAILED, READY
from audiospective.notices.kinds import export_ready
from audiospective.policy import calendar
from audiospective.policy.export_rules import ATTEMPTS, KEPT, LONG_WAIT, at_once, owes_email
from audiospective.services import Services

BUNDLE = "bundle"
SECONDS = export_requests.TIMEOUT - 60
ALONE = 250_000  # plays of a bundle, from which on each step is a job: its memory ends with it
A_PLAY = 700  # bytes, in the largest form; those of a bundle are packed
BEAT = 1.0  # seconds between two notes of how far it is
_TRIED = (
    f"Our worker did not get through it in {ATTEMPTS} tries. We have been told; try again later."
)
WAITS = "Our file storage cannot be used just now. Nothing is lost: this goes on once it can."
_NO_STORAGE = "Our file storage could not be used for a day. We have been told; try again later."


class InterruptedExportError(Exception):
    """The process must end soon: the export waits for another turn."""


class _Turn:
    """Tells how far it is, and ends the work when it must not go on."""

    def __init__(self, claim: Claim, end: Deadline, total: int) -> None:
        self.claim, self.end, self.total = claim, end, total
        self.done = int(claim.row.done)
        self._told = clock.monotonic()

    def tick(self, plays: int) -> None:
        self.done += plays
        if self.end.remaining() <= 0:
            raise InterruptedExportError
        if clock.monotonic() - self._told >= BEAT:
            self.beat()

    def beat(self) -> None:
        self.claim.beat(min(self.done, self.total), self.total)
        self._told = clock.monotonic()


def work(services: Services, export_id: int, end: Deadline) -> None:
    """Take a turn at an export, unless somebody else is at it."""
    scratch.sweep(services.settings)
    claim = claims.claim(export_id, at_once(services.queues.workers()))
    if claim is None:
        return
    try:
        if claim.row.attempts > ATTEMPTS:
            _fail(services, claim, _TRIED)
        else:
            _turn(services, claim, end)
    except INTERRUPTS:
        raise  # the lease runs out, and the next worker goes on
    except LostError:
        scratch.clear(services.settings, export_id)
    except InterruptedExportError:
        _hand_back(services, claim)
    except RestlessError as error:
        log.trouble("export_failed", error, export=export_id)
        with suppress(LostError):
            claim.give_back(tried=False)
        return  # a later round asks for it again: the archive may have come to rest by then
    except (StorageError, YearAwayError) as error:
        if end.stopped:  # which ended the call as well: it says nothing of storage
            _hand_back(services, claim)
            return
        if not isinstance(error.__cause__, MissingError | DamagedError):
            _wait(services, claim, error)
            return  # as would the next one
        _again(services, claim, error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again and then given up
        _again(services, claim, error)
    export_requests.wake_next(services)


def _turn(services: Services, claim: Claim, end: Deadline) -> None:
    user = User.get_by_id(claim.row.user_id)
    folder, taken = _snapshot(services, claim, user)
    passes = len(FORMATS) if claim.row.form == BUNDLE else 1
    turn = _Turn(claim, end, taken.plays * passes)
    turn.beat()
    while (file := _step(services, claim, user, taken.watched(turn.tick), folder)) is None:
        turn.beat()
        if taken.plays > ALONE or services.queues.anything_before(EXPORT):
            claim.give_back(tried=False)
            export_requests.wake(services, claim.row.id, first=True)
            return
    turn.done = turn.total
    turn.beat()
    _store(services, turn, file, taken.plays)
    scratch.clear(services.settings, claim.row.id)


def _snapshot(services: Services, claim: Claim, user: User) -> tuple[Path, Snapshot]:
    """The folder of the export, with the snapshot of an earlier turn or a new one."""
    folder = scratch.folder(services.settings, claim.row.id)
    found = snapshot.load(folder)
    if found is None:
        scratch.clear(services.settings, claim.row.id)  # nothing made of another snapshot stays
        _require_room(services)
        folder = scratch.folder(services.settings, claim.row.id)
        name = user.display_name or user.spotify_id or "archive"
        owner = Owner(name, calendar.usable(user.timezone))
        tell = partial(claim.beat, int(claim.row.done), int(claim.row.total))
        found = snapshot.take(user.id, owner, clock.now(), folder, tell)
        _require_room(services, A_PLAY * found.plays)
    return folder, found


def _require_room(services: Services, wanted: int = 0) -> None:
    """Raise StorageError where a file of so many bytes would take what the database may need."""
    disk_room.require(services.settings.home, wanted)
    disk_room.require_in(services.storage, 2 * wanted)  # it may be the same disk


def _step(
    services: Services, claim: Claim, user: User, taken: Snapshot, folder: Path
) -> Path | None:
    """Do the next part; the file once there is nothing left to do."""
    if claim.row.form != BUNDLE:
        form = FORMATS[claim.row.form]
        return files.save(form, taken, folder, compatible=claim.row.compatible)
    bundle = Bundle(user, taken, folder, services.settings.derived_stats)
    return None if bundle.advance() else bundle.path


def _store(services: Services, turn: _Turn, file: Path, plays: int) -> None:
    claim = turn.claim
    key = finished.new_key(claim.row)
    with Told(file, turn.beat) as content:
        size = services.storage.put(key, content)
    now = clock.now()
    values = {
        "key": key,
        "size": size,
        "plays": plays,
        "file_name": file.name,
        "expires_at": now + KEPT,
    }
    try:
        with transaction():
            claim.end(READY, values)
            told = schedule.is_scheduled(claim.row)
            if not told and owes_email(claim.row.created_at, now):
                export_ready.put(services, claim.row.id)
    except LostError:
        services.storage.delete(key)  # cancelled while it was being stored
        raise
    if told:
        schedule.wake(services, claim.row.user_id)


def _hand_back(services: Services, claim: Claim) -> None:
    """Let another worker go on at once."""
    with suppress(LostError):
        claim.give_back(tried=False)
        export_requests.wake(services, claim.row.id, first=True)


def _wait(services: Services, claim: Claim, error: Exception) -> None:
    """Let it wait for storage that cannot be used: a later round asks for it again."""
    log.event("export_waits", log.WARNING, export=claim.row.id, reason=str(error))
    if clock.now() - claim.row.created_at >= LONG_WAIT:
        _fail(services, claim, _NO_STORAGE)
        return
    scratch.clear(services.settings, claim.row.id)
    with suppress(LostError):
        claim.give_back(tried=False, error=WAITS)


def _again(services: Services, claim: Claim, error: Exception) -> None:
    log.trouble("export_failed", error, export=claim.row.id)
    scratch.clear(services.settings, claim.row.id)
    if claim.row.attempts >= ATTEMPTS:
        _fail(services, claim, _TRIED)
        return
    try:
        claim.give_back(tried=True)
    except LostError:
        return
    export_requests.wake(services, claim.row.id)


def _fail(services: Services, claim: Claim, sentence: str) -> None:
    scratch.clear(services.settings, claim.row.id)
    try:
        claim.end(FAILED, {"error": sentence})
    except LostError:
        return
