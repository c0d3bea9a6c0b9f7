"""Writes the catalog: one writer at a time finds, adds and changes entries and their names.

One module although it is long: its steps share what is read of the catalog within one turn.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from audiospective.history.catalog import buckets, dictionaries, examine, packing, rows
from audiospective.history.catalog.buckets import Bucket, Family, Found, Name
from audiospective.history.catalog.decode import Block, opened
from audiospective.history.catalog.dictionaries import NONE
from audiospective.history.catalog.entries import Entry, Kind
from audiospective.history.catalog.rows import StoredBlock
from audiospective.models import transaction

MERGE_AT = 5_000  # bytes of small blocks that are worth one large block
_FAMILIES = tuple(Family)
ROOM = 0.9  # of a block's bytes; a fuller one is left alone


@contextmanager
def writing() -> Iterator[Writer]:
    """A transaction in which nobody else writes the catalog; what was asked for is written last."""
    with transaction():
        writer = Writer()
        yield writer
        writer.flush()


class Writer:
    """What one transaction has read of the catalog, and what it will write.

    `expect` and `load` read many rows with one statement each; `find` and `get` then look into
    what they brought.
    """

    def __init__(self) -> None:
        self._state = rows.state(lock=True)
        self._buckets: dict[int, Bucket] = {}
        self._named: set[int] = set()  # keys of buckets that changed
        self._of: dict[Name, Bucket] = {}  # those of expected names
        self._blocks: dict[Kind, dict[int, tuple[StoredBlock, Block]]] = {kind: {} for kind in Kind}
        self._firsts: dict[Kind, list[int]] = {kind: [] for kind in Kind}  # of blocks, in order
        self._new: dict[Kind, list[Entry | None]] = {kind: [] for kind in Kind}
        self._changed: dict[Kind, dict[int, Entry | None]] = {kind: {} for kind in Kind}
        self._aliases: list[tuple[Kind, int, int]] = []

    def expect(self, names: Iterable[Name]) -> None:
        """Read the buckets of names."""
        of = buckets.keys_by_name(names, self._state.buckets)
        keys = set(of.values()) - self._buckets.keys()
        found = rows.buckets(keys)
        for key in keys:
            number, family = divmod(key, len(_FAMILIES))
            self._buckets[key] = self._opened(_FAMILIES[family], number, found.get(key, b""))
        self._of.update(zip(of, map(self._buckets.__getitem__, of.values()), strict=True))

    def find(self, name: Name) -> list[Found]:
        """What a name may stand for; its bucket must have been expected."""
        return self._of[name].find(name)

    def load(self, wanted: Iterable[tuple[Kind, int]]) -> None:
        """Read the entries with these ids."""
        missing = [
            (kind, one)
            for kind, one in wanted
            if one < self._state.next_id[kind] and self._first(kind, one) is None
        ]
        if not missing:
            return
        for found in rows.blocks_of(missing):
            block = opened(found.kind, found.count, found.numbers, found.facts)
            if found.first not in self._blocks[found.kind]:
                insort(self._firsts[found.kind], found.first)
            self._blocks[found.kind][found.first] = found, block

    def get(self, kind: Kind, one: int) -> Entry | None:
        """An entry that was loaded, added or changed; None if it is gone or never was."""
        if one in self._changed[kind]:
            return self._changed[kind][one]
        position = one - self._state.next_id[kind]
        if position >= 0:
            new = self._new[kind]
            return new[position] if position < len(new) else None
        first = self._first(kind, one)
        return None if first is None else self._blocks[kind][first][1][one - first]

    def follow(self, wanted: Iterable[tuple[Kind, int]]) -> dict[tuple[Kind, int | None], str]:
        """What entries are called, also those that gave way to another."""
        asked = set(wanted)
        self.load(asked)
        gone = {one for one in asked if self.get(*one) is None}
        targets = {
            (kind, one): (kind, target)
            for kind in {kind for kind, _ in gone}
            for one, target in rows.aliases(kind).items()
            if (kind, one) in gone
        }
        self.load(targets.values())
        entries = {one: self.get(*targets.get(one, one)) for one in asked}
        return {one: entry.name for one, entry in entries.items() if entry is not None}

    def carries(self, kind: Kind, one: int, spotify_id: str) -> bool:
        """Whether an entry has this Spotify id; the rest of its block stays closed."""
        first = self._first(kind, one)
        if first is None or one in self._changed[kind]:
            entry = self.get(kind, one)
            return entry is not None and entry.spotify_id == spotify_id
        return self._blocks[kind][first][1].carries(one - first, spotify_id)

    def add(self, kind: Kind, entry: Entry) -> int:
        """Keep a new entry; its id."""
        self._new[kind].append(entry)
        return self._state.next_id[kind] + len(self._new[kind]) - 1

    def change(self, kind: Kind, one: int, entry: Entry | None) -> None:
        """Replace an entry that was loaded; None takes it away."""
        position = one - self._state.next_id[kind]
        if position >= 0:
            self._new[kind][position] = entry
        else:
            self._changed[kind][one] = entry

    def name(self, name: Name, one: int, check: int = 0) -> None:
        """Let a name (expected) stand for an id."""
        bucket = self._of[name]
        self._state.names[bucket.family] += bucket.add(name, Found(one, check))
        self._named.add(bucket.key)

    def unname(self, name: Name, one: int) -> None:
        """Let a name (expected) no longer stand for an id."""
        bucket = self._of[name]
        self._state.names[bucket.family] -= bucket.remove(name, one)
        self._named.add(bucket.key)

    def alias(self, kind: Kind, one: int, target: int) -> None:
        """Note that an entry is another one; with tracks, that both have the same Spotify id."""
        self._aliases.append((kind, one, target))

    def twins(self, tracks: Collection[int]) -> dict[int, int]:
        """Tracks with the Spotify id of one of these, by names of another import; loaded."""
        found = rows.twins(tracks)
        self.load((Kind.TRACK, twin) for twin in found)
        return found

    def forget_twins(self, tracks: Collection[int]) -> None:
        """These tracks are gone."""
        rows.drop_twins(tracks)

    def pardon(self, tracks: Collection[int]) -> None:
        """Somebody refers to these tracks (again)."""
        rows.pardon(tracks)

    def moved(self) -> None:
        """Tell whoever keeps facts of the catalog in memory that some have changed."""
        self._state.version += 1

    def next_id(self, kind: Kind) -> int:
        """One more than the highest id that was ever given."""
        return self._state.next_id[kind] + len(self._new[kind])

    def learn(self, words: bytes) -> None:
        """Deflate names with these words from now on."""
        self._state.words = dictionaries.keep(words)

    def forget_aliases(self) -> None:
        """Nothing refers to what gave way any more; tracks keep their twins."""
        if rows.drop_aliases():
            self.moved()

    def write_changes(self) -> None:
        """Write what changed so far and let go of what was loaded, on a walk through everything."""
        written: list[StoredBlock] = []
        gone: list[StoredBlock] = []
        for kind in Kind:
            self._rewrite(kind, written, gone)
            self._changed[kind].clear()
            self._blocks[kind].clear()
            self._firsts[kind].clear()
        rows.drop_blocks(gone)
        rows.put_blocks(written)

    def flush(self) -> None:
        """Write everything."""
        self.write_changes()
        rows.put_aliases(self._aliases)
        self._append()
        self._split()
        rows.put_buckets({key: self._buckets[key].packed() for key in self._named})
        rows.save(self._state)

    def _first(self, kind: Kind, one: int) -> int | None:
        """The first id of the loaded block in which an entry stands, None if none is loaded."""
        firsts = self._firsts[kind]
        at = bisect_right(firsts, one) - 1
        if at < 0 or one >= firsts[at] + self._blocks[kind][firsts[at]][0].count:
            return None
        return firsts[at]

    def _opened(self, family: Family, number: int, packed: bytes) -> Bucket:
        """Narrow from when on nobody could go back to the release before anyway."""
        return Bucket(family, number, packed, narrow=self._state.words != NONE)

    def _rewrite(self, kind: Kind, written: list[StoredBlock], gone: list[StoredBlock]) -> None:
        """The blocks in which entries have changed."""
        by_block: dict[int, dict[int, Entry | None]] = {}
        for one, entry in self._changed[kind].items():
            first = self._first(kind, one)
            assert first is not None, "only what was loaded can change"
            by_block.setdefault(first, {})[one] = entry
        for first, changes in by_block.items():
            stored, block = self._blocks[kind][first]
            entries = [changes.get(one, entry) for one, entry in enumerate(block, start=first)]
            if all(entry is None for entry in entries):
                gone.append(stored)
                continue
            words = NONE if stored.is_open else self._state.words
            made = _halved(packing.block(kind, first, entries, words), entries, words)
            written += [replace(one, is_open=stored.is_open) for one in made]

    def _append(self) -> None:
        """New entries: an open block of their own, or with others before them as large blocks."""
        made: list[StoredBlock] = []
        stale: list[StoredBlock] = []
        for kind in Kind:
            new = self._new[kind]
            if not new:
                continue
            following = self._state.next_id[kind]
            small: list[StoredBlock] = []
            # Of many the ids alone are known to fill large blocks.
            size = self._state.open_size[kind] + packing.least(new)
            if size <= MERGE_AT:
                small = packing.blocks(kind, following, new)
                size = self._state.open_size[kind] + sum(one.size for one in small)
            if size > MERGE_AT:
                before, apart = _readable(rows.open_blocks(kind))
                stale += apart
                made += [replace(one, is_open=False) for one in apart]
                start = before[0].first if before else following
                entries = _run(before, start, following) + new
                small = packing.blocks(kind, start, entries, self._state.words)
                stale += before
                last = small[-1:]
                size = sum(one.size for one in last if one.size < packing.LARGEST * ROOM)
                made += small[:-1]
                small = [replace(one, is_open=size > 0) for one in last]
            else:
                small = [replace(one, is_open=True) for one in small]
            made += small
            self._state.open_size[kind] = size
            self._state.next_id[kind] = following + len(new)
        rows.drop_blocks(stale)
        rows.put_blocks(made)

    def _split(self) -> None:
        """Make as many new buckets as the names need; nothing is found any more."""
        self._of.clear()
        for family in Family:
            have = self._state.buckets[family]
            need = buckets.wanted(family, self._state.names[family], have)
            if need == have:
                continue
            parents = {
                buckets.key_of(family, parent)
                for number in range(have, need)
                if (parent := buckets.split_from(number)) < have
            }
            found = rows.buckets(parents - self._buckets.keys())
            for number in range(have, need):
                key = buckets.key_of(family, buckets.split_from(number))
                if key not in self._buckets:
                    self._buckets[key] = self._opened(
                        family, key // len(Family), found.get(key, b"")
                    )
                made = self._buckets[key].divide(number)
                self._buckets[buckets.key_of(family, number)] = made
                self._named |= {key, buckets.key_of(family, number)}
            self._state.buckets[family] = need


def _readable(before: list[StoredBlock]) -> tuple[list[StoredBlock], list[StoredBlock]]:
    """Those behind the last one that cannot be read, and the others, which stay as they are.

    New entries, and the plays that wait for them, must not depend on bytes that were damaged.
    """
    for place in reversed(range(len(before))):
        if not examine.is_readable(before[place]):
            return before[place + 1 :], before[: place + 1]
    return before, []


def _run(before: list[StoredBlock], start: int, end: int) -> list[Entry | None]:
    """The entries from `start` until before `end`; those of blocks that went are gone."""
    entries: list[Entry | None] = [None] * (end - start)
    for one in before:
        block = Block(one.kind, one.count, one.numbers, one.facts)
        entries[one.first - start : one.first - start + one.count] = block
    return entries


def _halved(made: StoredBlock, entries: list[Entry | None], words: int) -> list[StoredBlock]:
    """A block, or if it outgrew its page two, and so on."""
    if made.size <= packing.LARGEST or made.count == 1:
        return [made]
    middle = made.count // 2
    return [
        block
        for first, part in ((made.first, entries[:middle]), (made.first + middle, entries[middle:]))
        for block in _halved(packing.block(made.kind, first, part, words), part, words)
    ]
