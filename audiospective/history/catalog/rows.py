"""The rows of the catalog on both databases: bounded statements, bytes in and out.

Long, since no other module names these tables: all of their statements stand here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from audiospective.history.catalog.buckets import Family
from audiospective.history.catalog.entries import Kind
from audiospective.models import dialects
from audiospective.models.base import as_list, listed

_NOTHING = "NULL"
_TURN = 0x43415442  # any number that every process of this program agrees on
CHUNK = 2_000  # ids a statement: their blocks may take 4 KB each
_BITS = 32

_FIELDS = (
    "version",
    "next_artist", "next_album", "next_track",
    "open_artists", "open_albums", "open_tracks",
    "other_buckets", "other_names", "track_buckets", "track_names", "words",
)  # fmt: skip
_STATE = f"SELECT {', '.join(_FIELDS)} FROM catalog_state"  # noqa: S608 - names of ours
_SAVE = f"UPDATE catalog_state SET {', '.join(f'{name} = ?' for name in _FIELDS)}"  # noqa: S608
_TABLES = (("catalog_blocks", False), ("catalog_open", True))
_COLUMNS = {"id": "bigint", "count": "smallint", "numbers": "bytea", "facts": "bytea"}
# The facts of an open block may be asked for in vain: the last large one before it comes as well.
_BLOCKS_OF = (
    "WITH w AS (SELECT value FROM {listed})"
    " SELECT id, count, numbers, {facts} AS facts, 0 FROM catalog_blocks WHERE id IN ("
    "SELECT (SELECT max(b.id) FROM catalog_blocks b WHERE b.id <= w.value) FROM w)"
    " UNION ALL"
    " SELECT id, count, numbers, {facts} AS facts, 1 FROM catalog_open WHERE id IN ("
    "SELECT (SELECT max(b.id) FROM catalog_open b WHERE b.id <= w.value) FROM w)"
    " ORDER BY 1"
)
_BLOCKS_FROM = (
    "SELECT * FROM (SELECT id, count, numbers, facts, 0 FROM catalog_blocks"
    " UNION ALL SELECT id, count, numbers, facts, 1 FROM catalog_open) b"
    " WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
)
_OPEN = "SELECT id, count, numbers, facts, 1 FROM catalog_open WHERE id >= ? AND id < ? ORDER BY id"
# Without what is large: a damaged row, or a part of one, is often no further than in its bytes.
_KEYS_AFTER = (
    "SELECT * FROM (SELECT id FROM catalog_blocks UNION ALL SELECT id FROM catalog_open) b"
    " WHERE id > ? ORDER BY id LIMIT ?"
)
_OPEN_KEYS = "SELECT id FROM catalog_open WHERE id >= ? AND id < ? ORDER BY id"
_WITHOUT_BYTES = (
    "SELECT id, count, NULL, NULL, 0 FROM catalog_blocks WHERE id = ?"
    " UNION ALL SELECT id, count, NULL, NULL, 1 FROM catalog_open WHERE id = ?"
)


_HEADS = (
    "SELECT id, substr(facts, 1, 7) FROM catalog_blocks"
    " WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
)
_BUCKETS_FROM = "SELECT id, packed FROM catalog_buckets WHERE id >= ? ORDER BY id LIMIT ?"

_version: ContextVar[list[int] | None] = ContextVar("catalog_version", default=None)


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block as it stands in its row; `facts` is empty where only numbers were asked for."""

    kind: Kind
    first: int
    count: int
    numbers: bytes
    facts: bytes = b""
    is_open: bool = False

    @property
    def size(self) -> int:
        return len(self.numbers) + len(self.facts)

    @property
    def key(self) -> int:
        return key_of(self.kind, self.first)


@dataclass
class State:
    """The one row of catalog_state; see models.CatalogState."""

    version: int
    next_id: dict[Kind, int]
    open_size: dict[Kind, int]
    buckets: dict[Family, int]
    names: dict[Family, int]
    words: int  # the number of those that large blocks are deflated with

    def values(self) -> list[int]:
        kinds = [table[kind] for table in (self.next_id, self.open_size)
                 for kind in Kind]  # fmt: skip
        families = [table[family] for family in Family for table in (self.buckets, self.names)]
        return [self.version, *kinds, *families, self.words]


def begins(key: int) -> tuple[Kind, int]:
    """With which entry the block with this key begins."""
    return Kind(key >> _BITS), key & (1 << _BITS) - 1


def key_of(kind: Kind, first: int) -> int:
    return kind << _BITS | first


def state(*, lock: bool = False) -> State:
    """How the catalog stands; with `lock`, one writer at a time until its transaction ends."""
    if lock:
        dialects.advisory_lock(_TURN)
    version, *rest = dialects.run(_STATE).fetchone()
    others, other_names, tracks, track_names, words = rest[6:]
    return State(
        version,
        dict(zip(Kind, rest[:3], strict=True)),
        dict(zip(Kind, rest[3:6], strict=True)),
        {Family.OTHERS: others, Family.TRACKS: tracks},
        {Family.OTHERS: other_names, Family.TRACKS: track_names},
        words,
    )


@contextmanager
def one_version() -> Iterator[None]:
    """Within it the version is read once: for a page that looks up many things."""
    token = _version.set([])
    try:
        yield
    finally:
        _version.reset(token)


def version() -> int:
    """Rises whenever a fact of a known track or album changes that figures depend on."""
    kept = _version.get()
    if kept:
        return kept[0]
    (found,) = dialects.run("SELECT version FROM catalog_state").fetchone()
    if kept is not None:
        kept.append(int(found))
    return int(found)


def save(state: State) -> None:
    dialects.run(_SAVE, state.values())


def blocks_of(
    wanted: Iterable[tuple[Kind, int]], *, only_numbers: bool = False
) -> Iterator[StoredBlock]:
    """The blocks in which these entries stand, in order; one statement for every CHUNK."""
    facts = _NOTHING if only_numbers else "facts"
    keys = sorted({key_of(kind, one) for kind, one in wanted})
    last = -1
    for start in range(0, len(keys), CHUNK):
        query = _BLOCKS_OF.format(facts=facts, listed=listed())
        for row in dialects.run(query, [as_list(keys[start : start + CHUNK])]).fetchall():
            if row[0] > last:  # a block that reaches into the next chunk comes once
                yield _stored(row)
                last = row[0]


def by_block(
    wanted: Sequence[tuple[Kind, int]], *, only_numbers: bool = False
) -> Iterator[tuple[StoredBlock, list[int]]]:
    """Blocks with those of the wanted ids (sorted) that may stand in them."""
    at = 0
    for block in blocks_of(wanted, only_numbers=only_numbers):
        own = []
        while at < len(wanted) and wanted[at] < (block.kind, block.first + block.count):
            kind, one = wanted[at]
            if kind is block.kind and one >= block.first:
                own.append(one)
            at += 1
        if own:  # else it is the last one before missing ids, perhaps of another kind
            yield block, own


def blocks_from(kind: Kind, first: int, limit: int = 2**31) -> list[StoredBlock]:
    """The blocks of a kind that begin at `first` or later, in order."""
    return _read(_BLOCKS_FROM, key_of(kind, first), key_of(kind, 0) + (1 << _BITS), limit)


def blocks_after(key: int, limit: int) -> list[StoredBlock]:
    """The blocks of any kind behind a key, in order."""
    return _read(_BLOCKS_FROM, key + 1, 2**62, limit)


def blocks_at(keys: Iterable[int]) -> list[StoredBlock]:
    """The blocks that begin at these very keys."""
    return [one for key in keys for one in _read(_BLOCKS_FROM, key, key + 1, 2)]


def without_bytes(key: int) -> list[StoredBlock]:
    """The block that begins at this very key, but for its bytes."""
    return _read(_WITHOUT_BYTES, key, key)


def keys_after(key: int, limit: int) -> list[int]:
    """The keys of `blocks_after`."""
    return [one for (one,) in dialects.rows_of(_KEYS_AFTER, [key, limit])]


def open_keys(kind: Kind) -> list[int]:
    """The keys of `open_blocks`."""
    ends = [key_of(kind, 0), key_of(kind, 0) + (1 << _BITS)]
    return [one for (one,) in dialects.rows_of(_OPEN_KEYS, ends)]


def open_blocks(kind: Kind) -> list[StoredBlock]:
    """The small blocks of a kind, in order."""
    return _read(_OPEN, key_of(kind, 0), key_of(kind, 0) + (1 << _BITS))


def put_blocks(blocks: Sequence[StoredBlock]) -> None:
    """Write blocks, also over what stands under their keys; a statement for each table."""
    for table, is_open in _TABLES:
        dialects.put(table, _COLUMNS, [
            (one.key, one.count, one.numbers, one.facts) for one in blocks if one.is_open is is_open
        ])  # fmt: skip


def drop_blocks(blocks: Sequence[StoredBlock]) -> None:
    """Take these very blocks away."""
    for table, is_open in _TABLES:
        keys = [one.key for one in blocks if one.is_open is is_open]
        dialects.delete_among(f"{table} WHERE id", keys)


def buckets(keys: Collection[int]) -> dict[int, bytes]:
    """Packed buckets by key; a bucket that nobody wrote yet is missing."""
    return dict(dialects.among("SELECT id, packed FROM catalog_buckets WHERE id", keys))


def heads(kind: Kind, first: int, limit: int) -> list[tuple[int, bytes]]:
    """First ids of large blocks from `first` on, with the first bytes of their facts."""
    found = dialects.run(_HEADS, [key_of(kind, first), key_of(kind, 0) + (1 << _BITS), limit])
    return [(key & (1 << _BITS) - 1, bytes(head)) for key, head in found.fetchall()]


def buckets_from(key: int, limit: int) -> list[tuple[int, bytes]]:
    """Packed buckets from a key on, in order."""
    found = dialects.run(_BUCKETS_FROM, [key, limit]).fetchall()
    return [(one, bytes(packed)) for one, packed in found]


def put_buckets(packed: Mapping[int, bytes]) -> None:
    """Write buckets; one statement."""
    dialects.put("catalog_buckets", {"id": "bigint", "packed": "bytea"}, sorted(packed.items()))


def aliases(kind: Kind) -> dict[int, int]:
    """What entries of a kind turned out to be; few, since they are worked off every day."""
    query = "SELECT id, target FROM catalog_aliases WHERE kind = ?"
    return dict(dialects.run(query, [int(kind)]).fetchall())


def twins(tracks: Collection[int]) -> dict[int, int]:
    """Tracks that have the Spotify id of one of these, which stands beside them."""
    return {one: track for one, track in aliases(Kind.TRACK).items() if track in tracks}


def any_twins() -> bool:
    """Whether any track has a twin."""
    query = "SELECT 1 FROM catalog_aliases WHERE kind = ? LIMIT 1"
    return dialects.run(query, [int(Kind.TRACK)]).fetchone() is not None


def put_aliases(found: Sequence[tuple[Kind, int, int]]) -> None:
    """Note aliases. A target has a Spotify id and never gives way itself."""
    if found:
        query = "INSERT INTO catalog_aliases (kind, id, target) VALUES (?, ?, ?)"
        dialects.run_many(query, [(int(kind), one, target) for kind, one, target in found])


def drop_aliases() -> int:
    """Forget what albums and artists gave way to; how many there were."""
    query = "DELETE FROM catalog_aliases WHERE kind <> ?"
    return int(dialects.run(query, [int(Kind.TRACK)]).rowcount)


def drop_twins(tracks: Collection[int]) -> None:
    """Forget whose Spotify id these tracks had."""
    dialects.delete_among(f"catalog_aliases WHERE kind = {int(Kind.TRACK)} AND id", tracks)


def pardon(tracks: Collection[int]) -> None:
    """Tracks that somebody refers to again shall not go."""
    dialects.delete_among("condemned_tracks WHERE track", tracks)


def _read(query: str, *values: int) -> list[StoredBlock]:
    return [_stored(row) for row in dialects.rows_of(query, values)]


def _stored(row: Sequence[Any]) -> StoredBlock:
    key, count, numbers, facts, is_open = row
    return StoredBlock(*begins(key), count, numbers or b"", facts or b"", bool(is_open))
