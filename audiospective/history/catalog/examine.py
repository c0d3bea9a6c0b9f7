"""Opens every block of the catalog: what cannot be read is told, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from peewee import PeeweeException

from audiospective.clients.queues import INTERRUPTS
from audiospective.history.catalog import rows
from audiospective.history.catalog.decode import Block
from audiospective.history.catalog.rows import StoredBlock

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
    blocks = rows.blocks_after(after, limit)
    return list(among(blocks)), blocks[-1].key if len(blocks) == limit else None


def among(blocks: Iterable[StoredBlock]) -> Iterator[Fault]:
    """Those of some blocks that cannot be read."""
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
