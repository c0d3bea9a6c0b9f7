"""Removes objects that no segment refers to: of deleted members soon, others after a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audiospective.history.closed import objects
from audiospective.models import PlaySegment, UnusedObject, User
from audiospective.policy.closed_years import KEPT, SETTLED

OWNER = "owner"


@dataclass
class Swept:
    """Objects that were found, that nothing refers to, and of those the ones that went."""

    found: int = 0
    unused: int = 0
    removed: int = 0


def sweep(own: str, now: datetime) -> Swept:
    """Look at every object in the folder `own`; raises StorageError.

    An object is listed before it is looked up: a key is noted in its row before anything is put
    under it, and never again once it was given up, so what is unused then stays unused.

    Nothing goes in the round that finds it: another database may have the folder as well, and is
    noticed by the next look at the owner's token at the latest (prefix).
    """
    done = Swept()
    listed = {one.key for one in objects.storage().list(own)} - {f"{own}/{OWNER}"}
    done.found = len(listed)
    used = {key for (key,) in PlaySegment.select(PlaySegment.object)
            .where(PlaySegment.object.is_null(False)).tuples()}  # fmt: skip
    members = {str(user_id) for (user_id,) in User.select(User.id).tuples()}
    known = {row.key: row.found_at for row in UnusedObject.select()}
    for key in listed - used:
        done.unused += 1
        since = known.get(key)
        if since is None:
            UnusedObject.insert(key=key, found_at=now).on_conflict_ignore().execute()
        elif now - since >= (KEPT if _member(key, own) in members else SETTLED):
            _remove(key)
            done.removed += 1
    for key in known.keys() - listed:
        UnusedObject.delete().where(UnusedObject.key == key).execute()
    return done


def _member(key: str, own: str) -> str:
    return key.removeprefix(f"{own}/").partition("/")[0]


def _remove(key: str) -> None:
    objects.storage().delete(key)
    objects.forget(key)
    UnusedObject.delete().where(UnusedObject.key == key).execute()
