"""Scheduled exports: begun when they are due, delivered once they are made. Loads no Polars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from redis.exceptions import RedisError

from audiospective import clock, log
from audiospective.clients.queues import EXPORT, INTERRUPTS
from audiospective.clients.storage import StorageError
from audiospective.exports import buckets, export_requests
from audiospective.exports.buckets import BucketError
from audiospective.models import User, transaction
from audiospective.models.export_schedules import BUCKET, EMAIL, SECRET_PLACE, ExportSchedule
from audiospective.models.exports import FAILED, READY, UNFINISHED, Export
from audiospective.notices import kind
from audiospective.notices.kinds import scheduled_export, scheduled_export_failed
from audiospective.policy import export_schedule as rules
from audiospective.services import Services

TIMEOUT = 3600  # seconds that a worker may take for one delivery
LOST = timedelta(seconds=TIMEOUT + 300)  # after which no worker can be at it any more
BROKEN = "It could not be made. We have been told."
GONE = "It was cancelled or deleted before it was delivered."
UNTOLD = "There is no proven address to write to, or you do not want these e-mails."
NO_FILE = "Our storage did not give the file back."


def of(user_id: int) -> ExportSchedule | None:
    """A member's schedule, if there is one."""
    found: ExportSchedule | None = ExportSchedule.get_or_none(ExportSchedule.user == user_id)
    return found


def save(services: Services, user: User, form: str, told: dict[str, str] | None) -> None:
    """Begin or change a schedule; `told` is a bucket's (see policy.member_buckets), None: e-mail.

    The bucket is tried first; raises BucketError or SignedOutError, and nothing is changed then.
    """
    now, known = clock.now(), of(user.id)
    begun = known.created_at if known else now
    values = {
        "form": form,
        "goes_to": EMAIL if told is None else BUCKET,
        "created_at": begun,
        "next_at": rules.following(begun, now),
        "failures": 0,
        "error": None,
        "export": None,  # what is being made stays on the shelf, and goes nowhere
        "tries": 0,
        "tried_at": None,
        "secret_encrypted": "",
        **dict.fromkeys(("endpoint", "region", "bucket", "prefix", "key_id"), ""),
    }
    if told is not None:
        plain = {name: value for name, value in told.items() if name != "secret"}
        encrypted = (
            services.vault.encrypt(SECRET_PLACE, user.id, told["secret"])
            if told["secret"] or known is None
            else known.secret_encrypted
        )
        values |= {**plain, "secret_encrypted": encrypted}
        row = ExportSchedule(user=user.id, **values)
        buckets.check(buckets.opened(services, row, seconds=buckets.SECONDS))
    with transaction():
        user.still_signed_in()  # the bucket's service may have taken its time on purpose
        if not ExportSchedule.update(values).where(ExportSchedule.user == user.id).execute():
            ExportSchedule.create(user=user.id, **values)


def stop(user_id: int, only: str | None = None) -> bool:
    """End it, or `only` one that goes there; the keys of the bucket go with it.

    False if there was none.
    """
    where = ExportSchedule.user == user_id
    if only is not None:
        where &= ExportSchedule.goes_to == only
    return bool(ExportSchedule.delete().where(where).execute())


def run_now(services: Services, user: User) -> bool:
    """Make one at once, as the schedule would; False if one is under way already."""
    row = of(user.id)
    return row is not None and row.export is None and _begin(services, row, row.next_at)


def look(services: Services) -> None:
    """One round: begin what is due, go on with what was made. One's trouble is nobody else's."""
    now = clock.now()
    due = ExportSchedule.export.is_null() & (ExportSchedule.next_at <= now)
    for row in list(ExportSchedule.select().where(due).order_by(ExportSchedule.next_at)):
        _tried(row, lambda one: _begin(services, one, rules.following(one.created_at, now)))
    for row in list(ExportSchedule.select().where(ExportSchedule.export.is_null(False))):
        _tried(row, lambda one: _go_on(services, one, now))


def _tried(row: ExportSchedule, part: Callable[[ExportSchedule], object]) -> None:
    try:
        part(row)
    except INTERRUPTS:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's alone
        log.trouble("export_schedule_failed", error, user=row.user_id)


def _go_on(services: Services, row: ExportSchedule, now: datetime) -> None:
    if rules.is_lost(row.tries, row.tried_at, now, LOST) and _claim(row, now):
        log.event("export_delivery_lost", log.ERROR, user=row.user_id, export=row.export)
        _failed(services, row, BROKEN)
    elif rules.may_try(row.tries, row.tried_at, now) and not _unfinished(row):
        wake(services, row.user_id)


def is_scheduled(export: Export) -> bool:
    """Whether an export was begun by a schedule, which tells its member by itself."""
    mine = (ExportSchedule.user == export.user_id) & (ExportSchedule.export == export.id)
    return bool(ExportSchedule.select().where(mine).exists())


def wake(services: Services, user_id: int) -> None:
    """Have the export of a schedule delivered; a round does it again if Redis is away."""
    try:
        services.queues.enqueue_once(
            EXPORT, "deliver_export", user_id, job_id=f"deliver-{user_id}", timeout=TIMEOUT
        )
    except RedisError as error:
        log.trouble("export_not_delivered", error, user=user_id)


def deliver(services: Services, user_id: int) -> None:
    """Bring the export of a schedule to where it goes, unless somebody is at it."""
    now, row = clock.now(), of(user_id)
    if row is None or row.export is None or not rules.may_try(row.tries, row.tried_at, now):
        return
    export = Export.get_or_none((Export.id == row.export) & (Export.user == user_id))
    if export is not None and export.status in UNFINISHED:
        return
    if not _claim(row, now):
        return
    if export is None or export.status != READY:
        if export is not None and export.status == FAILED:
            _failed(services, row, BROKEN)
        else:  # by its own member, who needs no e-mail about it
            _over(row, {"error": GONE})
        return
    try:
        _to_bucket(services, row, export) if row.goes_to == BUCKET else _tell(services, row, export)
    except BucketError as error:
        if not error.again or row.tries + 1 >= rules.TRIES:
            _failed(services, row, str(error))
        return
    _over(row, {"arrived_at": now, "failures": 0, "error": None})


def _begin(services: Services, row: ExportSchedule, next_at: datetime) -> bool:
    """Ask for an export; False if the member's own is being made, which is waited for.

    One transaction, or a process that dies in between would leave the month out.
    """
    with transaction():
        seen = (ExportSchedule.user == row.user_id) & (ExportSchedule.next_at == row.next_at)
        free = seen & ExportSchedule.export.is_null()
        if export_requests.unfinished(row.user_id) is not None:
            return False
        if not ExportSchedule.update(next_at=next_at).where(free).execute():
            return False
        user = User.get_by_id(row.user_id)
        export, new = export_requests.noted(user, row.form, compatible=False)
        # One begun by hand in this very moment: the next round comes back to it.
        values = {"export": export.id, "tries": 0, "tried_at": None}
        ExportSchedule.update(values if new else {"next_at": row.next_at}).where(
            ExportSchedule.user == row.user_id
        ).execute()
    if new:
        export_requests.wake(services, export.id)
    return new


def _unfinished(row: ExportSchedule) -> bool:
    where = (Export.id == row.export) & Export.status.in_(UNFINISHED)
    return bool(Export.select().where(where).exists())


def _claim(row: ExportSchedule, now: datetime) -> bool:
    mine = (ExportSchedule.user == row.user_id) & (ExportSchedule.export == row.export)
    seen = mine & (ExportSchedule.tries == row.tries)
    changed = ExportSchedule.update(tries=row.tries + 1, tried_at=now).where(seen)
    return bool(changed.execute())


def _to_bucket(services: Services, row: ExportSchedule, export: Export) -> None:
    storage = buckets.opened(services, row)
    dated = f"{export.created_at:%Y-%m-%d}"
    name = str(export.file_name)
    key = name if dated in name else f"{dated}-{name}"
    try:
        content = services.storage.open(export.key)
    except StorageError:
        raise BucketError(NO_FILE, again=True) from None
    with content:
        try:
            storage.put(key, content)
            arrived = storage.size(key)
        except StorageError as error:
            raise buckets.told(error) from None
    if arrived != export.size:
        raise BucketError(buckets.OTHER, again=True)


def _tell(services: Services, row: ExportSchedule, export: Export) -> None:
    user = User.get_by_id(row.user_id)
    if kind.address(user, scheduled_export.KIND.name) is None:
        raise BucketError(UNTOLD)
    scheduled_export.put(services, user, export, row.next_at)


def _failed(services: Services, row: ExportSchedule, sentence: str) -> None:
    failures = row.failures + 1
    ends = failures >= rules.GIVEN_UP
    user = User.get_by_id(row.user_id)
    with transaction():
        scheduled_export_failed.put(
            services,
            user,
            int(row.export),
            sentence,
            row.next_at,
            ends=ends,
            keys=row.goes_to == BUCKET,
        )
        _over(row, {"failures": failures, "error": sentence})
        if ends:
            stop(row.user_id)


def _over(row: ExportSchedule, values: dict[str, object]) -> None:
    mine = (ExportSchedule.user == row.user_id) & (ExportSchedule.export == row.export)
    done = {"export": None, "tries": 0, "tried_at": None, **values}
    ExportSchedule.update(done).where(mine).execute()
