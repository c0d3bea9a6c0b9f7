"""Whether the catalog can be read: some blocks every few minutes, and an alarm while one cannot."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime, timedelta

from audiospective import log
from audiospective.history.catalog import examine
from audiospective.history.catalog.examine import Fault
from audiospective.models.marks import Mark
from audiospective.policy.in_words import plural

DAMAGED = "catalog:damaged"  # mark: since when; the note says which blocks, by key
LOOKED = "checked:catalog"  # mark: when some were last read; the note says up to which key
EVERY = timedelta(minutes=5)
PORTION = 300  # blocks at a time; a catalog of half a million tracks has some 15,000
NOTED = 500  # that are noted by key


def look(now: datetime) -> tuple[datetime, str] | None:
    """Since when blocks cannot be read, and which; reads the next ones if it is time.

    Blocks of the newest entries are read every time: every poll with new tracks needs them.
    """
    before = Mark.get_or_none(Mark.name == LOOKED)
    if before is None or not timedelta() <= now - before.at < EVERY:
        after = int(before.note) if before is not None and before.note.isdigit() else examine.START
        found, last = examine.portion(after, PORTION)
        fresh, read = examine.newest()
        found = [*{one.key: one for one in (*found, *fresh)}.values()]
        _note(
            found,
            [
                one
                for one in _known()
                if one.key not in read and not after < one.key <= (last or one.key)
            ],
            now,
        )
        Mark.put(LOOKED, now, str(last or ""))
    return standing()


def keep(found: Collection[Fault], now: datetime) -> None:
    """Note what a look at the whole catalog found; nothing, if all of it can be read."""
    _note(found, (), now)


def standing() -> tuple[datetime, str] | None:
    """Since when blocks cannot be read, and which, as far as they were found."""
    mark, known = Mark.get_or_none(Mark.name == DAMAGED), _known()
    if mark is None or not known:
        return None
    return mark.at, f"{plural(len(known), 'block')} cannot be read; the first is {known[0].said}."


def _note(found: Collection[Fault], others: Collection[Fault], now: datetime) -> None:
    every = sorted((*found, *others), key=lambda one: one.key)[:NOTED]
    if not every:
        Mark.drop(DAMAGED)
        return
    known = {one.key for one in _known()}
    for one in every:
        if one.key not in known:
            log.event("catalog_damaged", log.ERROR, fault=one.said)
    Mark.keep(DAMAGED, now, json.dumps({str(one.key): one.said for one in every}))


def _known() -> list[Fault]:
    mark = Mark.get_or_none(Mark.name == DAMAGED)
    noted = mark.noted if mark is not None else {}
    return [Fault(int(key), str(said)) for key, said in noted.items()]
