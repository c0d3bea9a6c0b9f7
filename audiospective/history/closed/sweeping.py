"""Removes objects that no segment refers to: of deleted members soon, others after a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audiospective.history.closed import objects, prefix
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
    """
    done = Swept()
    listed = {one.key: one.modified_at for one in objects.storage().list(own)}
    listed.pop(f"{own}/{OWNER}", None)
    done.found = len(listed)
    used = {key for (key,) in PlaySegment.select(PlaySegment.object)
            .where(PlaySegment.object.is_null(False)).tuples()}  # fmt: skip
    members = {str(user_id) for (user_id,) in User.select(User.id).tuples()}
    known = {row.key: row.found_at for row in UnusedObject.select()}
    for key, modified_at in listed.items():
        if key in used:
            continue
        done.unused += 1
        since = known.get(key)
        nobodys = _member(key, own) not in members and now - modified_at >= SETTLED
        if nobodys or (since is not None and now - since >= KEPT):
            _remove(key)
            done.removed += 1
        elif since is None:
            UnusedObject.insert(key=key, found_at=now).on_conflict_ignore().execute()
    for key in known.keys() - listed.keys():
        UnusedObject.delete().where(UnusedObject.key == key).execute()
    return done


def forget(user_id: int) -> int:
    """Remove every object of a member who is gone from the database; raises StorageError."""
    own = prefix.known()
    if own is None:
        return 0
    keys = [one.key for one in objects.storage().list(f"{own}/{user_id}")]
    for key in keys:
        _remove(key)
    return len(keys)


def _member(key: str, own: str) -> str:
    return key.removeprefix(f"{own}/").partition("/")[0]


def _remove(key: str) -> None:
    objects.storage().delete(key)
    objects.forget(key)
    UnusedObject.delete().where(UnusedObject.key == key).execute()
