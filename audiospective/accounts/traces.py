"""What is known of a member outside the database: files in storage, jobs, keys in Redis."""

from __future__ import annotations

from collections.abc import Iterable

from audiospective.clients.deadline import Deadline
from audiospective.exports import keeping, scratch
from audiospective.imports import storing
from audiospective.models.exports import Export
from audiospective.models.imports import Import
from audiospective.services import Services

KEYS = ("archive:{}:*", "recovered:{}:*")  # polling.poll_dedupe, polling.recovery
ABOUT_ONE = ("poll_user", "seal_user", "reconcile_imports")  # tasks whose one argument is a member


def folders(user_id: int) -> tuple[str, ...]:
    """Where storage keeps what belongs to a member."""
    return keeping.prefix(user_id), storing.prefix(user_id)


def remove_files(services: Services, user_id: int, deadline: Deadline) -> bool:
    """Delete what storage has of a member; False if the time was not enough, raises StorageError.

    Also the folders in which a worker of this machine makes exports.
    """
    for (export_id,) in Export.select(Export.id).where(Export.user == user_id).tuples():
        scratch.clear(services.settings, export_id)
    for folder in folders(user_id):
        for stored in list(services.storage.list(folder)):
            if deadline.remaining() <= 0:
                return False
            services.storage.delete(stored.key)
    return True


def remove_jobs(services: Services, user_id: int) -> None:
    """Delete jobs that wait for a member, and what Redis notes about them; raises RedisError.

    A batch that names the member among others runs within minutes and finds nobody.
    """
    queues, redis = services.queues, services.redis
    queues.drop([*_ids("export", Export, user_id), *_ids("import", Import, user_id)])
    queues.drop([f"reconcile-{user_id}", f"seal-{user_id}"])
    for task in ABOUT_ONE:
        queues.drop(queues.waiting_for(task, user_id))
    for pattern in KEYS:
        for key in redis.scan_iter(match=pattern.format(user_id), count=1000):
            redis.delete(key)


def _ids(word: str, model: type[Export | Import], user_id: int) -> Iterable[str]:
    rows = model.select(model.id).where(model.user == user_id).tuples()
    return [f"{word}-{number}" for (number,) in rows]
