"""Opens every block of the catalog: what cannot be read is told, in sentences.

That is also what the database itself finds damaged. A database that is away is no damage: its
error is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from peewee import PeeweeException

from audiospective.clients.queues import INTERRUPTS
from audiospective.history.catalog import rows
from audiospective.history.catalog.decode import Block
from audiospective.history.catalog.entries import Kind
from audiospective.history.catalog.rows import StoredBlock
from audiospective.models import database
from audiospective.models.database_away import says_away

START = 0  # before every key
PORTION = 200  # blocks that are held at a time


@dataclass(frozen=True)
class Fault:
    """A block that does not give its entries back, by its key; `said` is one sentence."""

    key: int
    said: str


def faults() -> Iterator[Fault]:
    """All blocks that cannot be read."""
    after: int | None = START
    while after is not None:
        found, after = portion(after, PORTION)
        yield from found


def portion(after: int, limit: int) -> tuple[list[Fault], int | None]:
    """Those among the next blocks behind a key, and the last key that was read.

    The key is None where no block follows.
    """
    found, keys = _looked_at(
        partial(rows.blocks_after, after, limit),
        partial(rows.keys_after, after, limit),
        max(after + 1, rows.key_of(min(Kind), 0)),
    )
    return found, keys[-1] if len(keys) == limit else None


def newest() -> tuple[list[Fault], set[int]]:
    """Those among the small blocks, and the keys of all of these."""
    found: list[Fault] = []
    keys: set[int] = set()
    for kind in Kind:
        faults, own = _looked_at(
            partial(rows.open_blocks, kind), partial(rows.open_keys, kind), rows.key_of(kind, 0)
        )
        found += faults
        keys.update(own)
    return found, keys


def at(keys: Iterable[int]) -> Iterator[StoredBlock]:
    """The blocks with these keys, within a transaction or not.

    One whose bytes the database does not give comes without them, and cannot be read.
    """
    for key in keys:
        for read in (partial(rows.blocks_at, [key]), partial(rows.without_bytes, key)):
            try:
                with database.atomic():
                    blocks = read()
            except PeeweeException as error:
                if says_away(error):
                    raise
                continue
            yield from blocks
            break


def _looked_at(
    read: Callable[[], list[StoredBlock]], keys: Callable[[], list[int]], start: int
) -> tuple[list[Fault], list[int]]:
    """Faults among blocks, and the keys of all; one by one if the database cannot read them all."""
    try:
        blocks = read()
        return list(_among(blocks)), [one.key for one in blocks]
    except PeeweeException as error:
        if says_away(error):
            raise
    try:
        listed = keys()
    except PeeweeException as error:
        if says_away(error):
            raise
        return [_refused(start, error)], []
    found: list[Fault] = []
    for key in listed:
        try:
            found += _among(rows.blocks_at([key]))
        except PeeweeException as error:
            if says_away(error):
                raise
            found.append(_refused(key, error))
    return found, listed


def _refused(key: int, error: PeeweeException) -> Fault:
    kind, first = rows.begins(key)
    why = next(iter(str(error).splitlines()), type(error).__name__)
    return Fault(key, f"catalog: {kind.name.lower()}s from {first} on cannot be read: {why}")


def _among(blocks: Iterable[StoredBlock]) -> Iterator[Fault]:
    for one in blocks:
        if (problem := _problem(one)) is not None:
            span = f"{one.first} to {one.first + one.count - 1}"
            said = f"catalog: {one.kind.name.lower()}s {span} cannot be read: {problem}"
            yield Fault(one.key, said)


def is_readable(one: StoredBlock) -> bool:
    """Whether a block gives all of its entries back."""
    return _problem(one) is None


def _problem(one: StoredBlock) -> str | None:
    try:
        list(Block(one.kind, one.count, one.numbers, one.facts))
    except (PeeweeException, MemoryError, *INTERRUPTS):
        raise
    except Exception as error:  # noqa: BLE001 - whatever bytes that were altered lead to
        return str(error) or type(error).__name__
    return None
