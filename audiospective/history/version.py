"""The version of an archive: a text that changes with every write that figures could tell of.

It is not a counter that writers would have to raise: it is made from what is stored, so a new way
to write cannot forget it. Each segment is known by its hash, the hot tail by its rows.
"""

from __future__ import annotations

import hashlib

from audiospective.history.closed import away
from audiospective.models import database, dialects

_TAIL = " || ':' || ".join(
    f"COALESCE(CAST({name} AS TEXT), '')"
    for name in ("track_id", "source", "ms_played", "flags", "reason_end", "timing", "context")
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


def of(user_id: int) -> str:
    """The version of one member's archive now; one query, and no segment is opened.

    Two equal versions stand for equal plays of equal tracks, with the same albums, artists and
    lengths, and for equal decisions about recordings. Names are no part of it.
    """
    rows = dialects.run(_QUERY, (user_id,) * 4).fetchall()
    digest = hashlib.blake2b(digest_size=16)
    for row in sorted(rows, key=lambda one: (one[0], one[1], one[2] or "")):
        digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def may_be_kept(user_id: int, at: str) -> bool:
    """Whether what was just read may be kept as that of the version `at`.

    What a transaction sees may never come true, a write may have come in between, and a year that
    is away now may be read again.
    """
    return not database.in_transaction() and not away.years() and of(user_id) == at
