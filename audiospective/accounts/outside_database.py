"""What is known of a member outside the database: files in storage, jobs, keys in Redis."""

from __future__ import annotations

from audiospective.clients.deadline import Deadline
from audiospective.exports import finished, scratch
from audiospective.imports import storing
from audiospective.models.exports import Export
from audiospective.models.imports import Import
from audiospective.services import Services

KEYS = ("archive:{}:*", "recovered:{}:*")  # polling.batch, polling.lost_claims
ABOUT_ONE = ("poll_user", "reconcile_imports")  # tasks whose one argument is a member


def remove_work(services: Services, user_id: int) -> None:
    """Delete jobs that wait for a member, half-made exports of this machine, keys in Redis.

    Before the rows go, which name them. Raises RedisError. A job that names the member among
    others, for polls or to seal plays, runs within the hour and finds nobody.
    """
    queues = services.queues
    exports = _ids(Export, user_id)
    for number in exports:
        scratch.clear(services.settings, number)
    queues.drop([f"export-{number}" for number in exports])
    imports = [f"import-{number}" for number in _ids(Import, user_id)]
    queues.drop([*imports, *(f"{job_id}-again" for job_id in imports)])
    queues.drop([f"{task}-{user_id}" for task in ("reconcile", "deliver")])
    for task in ABOUT_ONE:
        queues.drop(queues.waiting_for(task, user_id))
    for pattern in KEYS:
        queues.forget(pattern.format(user_id))


def remove_files(services: Services, user_id: int, deadline: Deadline) -> bool:
    """Delete what storage has of a member, after the rows that refer to it.

    Closed years go with the second nightly round after that (history.closed.sweeping), which makes
    sure that no other database has the folder.

    False if the time was not enough; raises StorageError.
    """
    for folder in (finished.prefix(user_id), storing.prefix(user_id)):
        for stored in list(services.storage.list(folder)):
            if deadline.remaining() <= 0:
                return False
            services.storage.delete(stored.key)
    return True


def _ids(model: type[Export | Import], user_id: int) -> list[int]:
    rows = model.select(model.id).where(model.user == user_id).tuples()
    return [number for (number,) in rows]
