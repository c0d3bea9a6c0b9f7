"""What is left to do once, after signing up; each item ends, and with the last the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for
from peewee import fn

from audiospective.accounts import address
from audiospective.models import Import, User
from audiospective.models.exports import Export
from audiospective.models.imports import DONE, REVIEW
from audiospective.operations import health
from audiospective.policy.archive_state import ArchiveState
from audiospective.web.access import own_session
from audiospective.web.filters import local
from audiospective.web.imports import reminder

IMPORT = "Import earlier years"
NEWCOMER = timedelta(days=60)  # rows of exports are not kept for ever, so later nobody can tell
WARNED = {
    health.NO_ADDRESS: "Add an e-mail address",
    health.NOT_PROVEN: "Confirm your e-mail address",
}


@dataclass(frozen=True)
class Item:
    label: str
    href: str
    why: str


def of(member: User, state: ArchiveState, now: datetime) -> list[Item]:
    """The items that are left; one query."""
    found = []
    imported, exported, waiting, typed = _done(member.id)
    if state.silent in WARNED:
        unproven = typed and state.silent == health.NO_ADDRESS
        label = WARNED[health.NOT_PROVEN if unproven else state.silent]
        found.append(Item(label, url_for("welcome.page") + "#about", "so we can warn you"))
    if waiting:
        where = url_for("imports.one", import_id=waiting)
        found.append(Item(f"Review import {waiting}", where, "before anything is added"))
    elif not imported:
        coming = reminder.ahead(member) if member.email_verified_at else None
        why = (
            f"we remind you on {local(coming.due_at, 'date')}" if coming else "from Spotify’s file"
        )
        found.append(Item(IMPORT, url_for("imports.page"), why))
    if not exported and state.plays and now - member.created_at < NEWCOMER:
        found.append(
            Item("Make a first export", url_for("exports.page"), "to have a copy of your own")
        )
    return found


def _done(user_id: int) -> tuple[bool, bool, int | None, bool]:
    """Whether this member ever imported and lately exported something, and an import that waits.

    And whether an address was typed in this session whose link has not been opened yet.
    """
    brought = (Import.user == user_id) & (Import.status == DONE) & ~Import.live
    imports = Import.select().where(brought)
    exports = Export.select().where(Export.user == user_id)
    waiting = Import.select(fn.MAX(Import.id)).where(
        (Import.user == user_id) & (Import.status == REVIEW)
    )
    session = own_session()
    typed = [fn.EXISTS(address.unproven(session))] if session else []
    found = User.select(fn.EXISTS(imports), fn.EXISTS(exports), waiting, *typed)
    imported, exported, review, *proof = found.where(User.id == user_id).tuples().get()
    return bool(imported), bool(exported), review, any(proof)
