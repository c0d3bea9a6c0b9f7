"""Opens every block of the catalog: what cannot be read is told, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from audiospective.history.catalog import tidy
from audiospective.history.catalog.decode import Block, UnreadableBlockError
from audiospective.history.catalog.entries import Kind


def faults() -> Iterator[str]:
    """One sentence for each block that does not give its entries back."""
    for kind in Kind:
        for one in tidy.every_block(kind):
            try:
                list(Block(kind, one.count, one.numbers, one.facts))
            except UnreadableBlockError as error:
                span = f"{one.first} to {one.first + one.count - 1}"
                yield f"catalog: {kind.name.lower()}s {span} cannot be read: {error}"
