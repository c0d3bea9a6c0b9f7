"""A folder of storage for this database alone: two instances never share one.

The folder `years/ID` holds an object `owner`: a token that the database knows and that is changed
with every round, and the deployment that wrote it, which no copy of the database can know. Whoever
finds another deployment there is a copy, or has moved: it changes nothing until somebody says
which (`take_over`). Whoever finds another token (an older state of the database that was brought
back) takes a new folder. What it refers to in the old one it still reads and copies into its own,
and never deletes.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from audiospective import log
from audiospective.clients.storage import MissingError, Storage, StorageError
from audiospective.models import transaction
from audiospective.models.base import LONG_AGO
from audiospective.models.marks import Mark

FOLDER = "years"
_MARK = "closed_years"
_TURN = "closed_years.turn"
EVERY = timedelta(minutes=2)  # longer than one look takes: one process at a time changes the token


class TakenError(StorageError):
    """Another deployment uses the folder: this one runs on a copy, or has moved."""


@dataclass(frozen=True)
class _Claim:
    """`token` is what was read last, `following` what was written after it."""

    instance: str
    token: str
    following: str

    @property
    def note(self) -> str:
        return f"{self.instance} {self.token} {self.following}"


def own(storage: Storage, now: datetime, deployment: str = "") -> str:
    """The folder of this database, looked at and claimed anew; raises StorageError.

    `deployment` is a word that stays the same for as long as this instance does.
    """
    claim = _known() or _made(now)
    before = Mark.at_of(_TURN)
    if before is not None and timedelta(0) <= now - before < EVERY:
        return folder(claim.instance)
    if not Mark.advance(_TURN, before, now):
        return folder(claim.instance)
    try:
        return _turned(storage, claim, now, deployment)
    except StorageError:
        Mark.put(_TURN, LONG_AGO)  # nobody has looked: the next one has to
        raise


def _turned(storage: Storage, claim: _Claim, now: datetime, deployment: str) -> str:
    said, by = _said(storage, claim.instance)
    if _is_another(by, deployment):
        raise TakenError(f"{folder(claim.instance)} belongs to another deployment")
    if said is not None and said not in (claim.token, claim.following):
        log.event("closed_years_shared", log.ERROR, folder=folder(claim.instance))
        claim, said = _Claim(secrets.token_hex(8), "", ""), None
    following = _Claim(claim.instance, said or claim.following, secrets.token_hex(16))
    # Noted before it is written: cut off in between, the old token and the new one both count.
    Mark.put(_MARK, now, following.note)
    owner = f"{following.following} {deployment}".strip()
    storage.put(f"{folder(claim.instance)}/owner", owner.encode())
    return folder(claim.instance)


def take_over(storage: Storage, now: datetime, deployment: str) -> str:
    """Go on with the folder under the name of this deployment; the one of before is no more."""
    claim = _known() or _made(now)
    said, _ = _said(storage, claim.instance)
    if said is not None:
        storage.put(f"{folder(claim.instance)}/owner", f"{said} {deployment}".encode())
    Mark.put(_TURN, LONG_AGO)
    return own(storage, now, deployment)


def known() -> str | None:
    """The folder of this database, if it ever took one; asks nothing of storage."""
    claim = _known()
    return None if claim is None else folder(claim.instance)


def is_taken(storage: Storage, deployment: str) -> bool:
    """Whether another deployment has the folder of this database; only reads, raises StorageError.

    No years move then: this one runs on a copy, or got another address or another database.
    """
    claim = _known()
    return claim is not None and _is_another(_said(storage, claim.instance)[1], deployment)


def abandon() -> None:
    """Take a new folder with the next round; what stands in the old one is read, never deleted."""
    Mark.drop(_MARK)
    Mark.drop(_TURN)


def folder(instance: str) -> str:
    return f"{FOLDER}/{instance}"


def _is_another(by: str, deployment: str) -> bool:
    return bool(by and deployment and by != deployment)


def _known() -> _Claim | None:
    mark: Mark | None = Mark.get_or_none(Mark.name == _MARK)
    if mark is None:
        return None
    instance, _, tokens = mark.note.partition(" ")
    token, _, following = tokens.partition(" ")
    return _Claim(instance, token, following)


def _made(now: datetime) -> _Claim:
    with transaction():
        fresh = _Claim(secrets.token_hex(8), "", "")
        Mark.insert(name=_MARK, at=now, note=fresh.note).on_conflict_ignore().execute()
    return _known() or fresh


def _said(storage: Storage, instance: str) -> tuple[str | None, str]:
    """The token and the deployment that wrote it; those of before wrote none."""
    try:
        said = storage.get(f"{folder(instance)}/owner").decode(errors="replace")
    except MissingError:
        return None, ""
    token, _, by = said.partition(" ")
    return token, by
