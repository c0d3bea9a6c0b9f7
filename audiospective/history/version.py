"""The version of an archive: a text that changes with every write that figures could tell of.

It is not a counter that writers would have to raise: it is made from what is stored, so a new way
to write cannot forget it. Each segment is known by its hash, the hot tail by its rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from audiospective.history import segment_store
from audiospective.history.closed import away
from audiospective.models import database, dialects
from audiospective.policy.sealing import year_span

_YEAR, _ROW, _REMOVED = 1, 2, 3  # what a row of the answer tells of
_TAIL = " || ':' || ".join(
    f"COALESCE(CAST({name} AS TEXT), '')"
    for name in (
        "track_id",
        "source",
        "ms_played",
        "flags",
        "reason_end",
        "timing",
        "context",
        "seen",
    )
)
_QUERY = (
    "SELECT 1, year, sha256 FROM play_segments WHERE user_id = ?"  # noqa: S608 - names of ours
    f" UNION ALL SELECT 2, played_at, {_TAIL} FROM plays WHERE user_id = ?"
    " UNION ALL SELECT 3, COUNT(*), CAST(MAX(removed_at) AS TEXT) FROM removed_plays"
    " WHERE user_id = ?"
    " UNION ALL SELECT 4, version, '' FROM catalog_state"
    " UNION ALL SELECT 5, decided_at, track || ':' || other || ':' || together"
    " FROM recording_choices WHERE user_id = ?"
)


@dataclass(frozen=True)
class Version:
    """What an archive is made of: `text` is the whole version, the rest its parts.

    `years` are (year, hash) of the segments, `rows_from` when the oldest row of the hot tail ended
    (UTC ms), `others` stands for deletions, the catalog and decisions about recordings.
    """

    text: str
    years: frozenset[tuple[int, str]]
    rows_from: int
    others: str


def read(user_id: int) -> Version:
    """The version of one member's archive now; one query, and no segment is opened."""
    rows = _rows(user_id)
    return Version(
        text=_digest(rows),
        years=frozenset((year, sha256) for part, year, sha256 in rows if part == _YEAR),
        rows_from=min((at for part, at, _ in rows if part == _ROW), default=segment_store.NEVER),
        others=_digest(row for row in rows if row[0] not in (_YEAR, _ROW)),
    )


def of(user_id: int) -> str:
    """Its text alone.

    Two equal versions stand for equal plays of equal tracks, with the same albums, artists and
    lengths, and for equal decisions about recordings. Names are no part of it.
    """
    return read(user_id).text


def of_plays(user_id: int) -> str:
    """That of the plays alone: what the polls of others teach the catalog does not change it."""
    return _digest(row for row in _rows(user_id) if row[0] <= _REMOVED)


def differ_from(one: Version, other: Version) -> int:
    """Before when (UTC ms) two versions of an archive hold the same plays: EVER for never.

    A segment holds one UTC year and rows only reach back to the oldest one, so whatever is before
    both, and before the first year whose segment is another, is the same.
    """
    if one.others != other.others:
        return segment_store.EVER
    years = [year_span(year)[0] for year, _ in one.years ^ other.years]
    return min([one.rows_from, other.rows_from, *years])


def _rows(user_id: int) -> list[tuple[Any, ...]]:
    found = dialects.run(_QUERY, (user_id,) * 4).fetchall()
    rows = [tuple(row) for row in found]
    rows.sort(key=lambda one: (one[0], one[1], one[2] or ""))
    return rows


def _digest(rows: Iterable[tuple[Any, ...]]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for row in rows:
        digest.update(repr(row).encode())
    return digest.hexdigest()


def may_be_kept(user_id: int, at: str) -> bool:
    """Whether what was just read may be kept as that of the version `at`.

    What a transaction sees may never come true, a write may have come in between, and a year that
    is away now may be read again.
    """
    return not database.in_transaction() and not away.years() and of(user_id) == at
