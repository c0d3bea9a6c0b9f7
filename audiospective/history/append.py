"""Appends what a poll brought: plays to the hot tail, unreadable items beside it, each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from audiospective import clock
from audiospective.history import relinked, within_a_second
from audiospective.history.catalog import polled as catalog
from audiospective.history.catalog import rows as catalog_rows
from audiospective.history.catalog.entries import Kind
from audiospective.models import database, dialects
from audiospective.models.base import placeholder
from audiospective.models.plays import FROM_POLL
from audiospective.models.removed_plays import is_an_end
from audiospective.policy.gaps import Seen
from audiospective.policy.plays import Page, PolledPlay, Unreadable

Key = tuple[int, int]  # played_at in milliseconds, track

# Whether a track is a twin of the polled one, as those of a restored bundle may be.
_TWIN = f"""EXISTS (
    SELECT 1 FROM catalog_aliases a WHERE a.kind = {int(Kind.TRACK)} AND a.id = {{track}}
    AND a.target = t
)"""  # noqa: S608 - a constant
# Short, since PostgreSQL plans it anew every time: that takes longer than to run it.
_INSERT = f"""
INSERT INTO plays (user_id, played_at, track_id, source, context)
SELECT u, p, t, {FROM_POLL}, c FROM {{rows}} WHERE COALESCE((
    SELECT q.source FROM plays q WHERE q.user_id = u AND q.played_at = p AND q.track_id = t
), 0) & {FROM_POLL} = 0 AND NOT EXISTS (
    SELECT 1 FROM removed_plays r WHERE r.user_id = u AND r.played_at = p AND r.track = t
){{unless}}
ON CONFLICT (user_id, played_at, track_id) DO UPDATE SET
    source = plays.source | {FROM_POLL}, context = COALESCE(excluded.context, plays.context),
    timing = NULL
    WHERE plays.source & {FROM_POLL} = 0
RETURNING user_id, played_at, track_id, source
"""  # noqa: S608 - a constant
_UNLESS_TWINS = f""" AND NOT EXISTS (
    SELECT 1 FROM removed_plays r WHERE r.user_id = u AND r.played_at = p
    AND {_TWIN.format(track="r.track")}
) AND NOT EXISTS (
    SELECT 1 FROM plays q WHERE q.user_id = u AND q.played_at = p
    AND q.source & {FROM_POLL} <> 0 AND {_TWIN.format(track="q.track_id")}
)"""  # noqa: S608 - a constant
_KEPT_AT_ONCE = 500  # unreadable items a statement
_KEEP = """
INSERT INTO unreadable_plays (user_id, digest, reason, item, played_at, seen_at) VALUES {rows}
ON CONFLICT DO NOTHING RETURNING digest
"""
_COLUMNS = {"u": "int", "p": "bigint", "t": "int", "c": "text"}
_SPANS = {"u": "int", "f": "bigint", "l": "bigint"}
# Written as cross joins, in which SQLite begins with the left side. The first row, of nobody, says
# up to which number there are tracks.
_TOLD = f"""
WITH pages AS (SELECT u, f, l FROM {{rows}})
SELECT 0, 0, next_track, 0, CAST(NULL AS TEXT) FROM catalog_state
UNION ALL SELECT q.user_id, q.played_at, q.track_id, 0, NULL FROM pages CROSS JOIN plays q
WHERE q.user_id = u AND q.played_at BETWEEN f AND l AND q.source & {FROM_POLL} <> 0
UNION ALL SELECT r.user_id, r.played_at, r.track, 1, r.kept FROM pages CROSS JOIN removed_plays r
WHERE r.user_id = u AND r.played_at BETWEEN f AND l
"""  # noqa: S608 - a constant
_NOBODY = 0


class LostTracksError(Exception):
    """Tracks that were just kept are not in the catalog: ask for them again.

    A server that took over from another may lack the last commits, and would give their numbers to
    other tracks.
    """


@dataclass(frozen=True)
class NewPlay:
    """`played_at` in UTC milliseconds; `track_id` is the catalog's."""

    user_id: int
    played_at: int
    track_id: int
    context: str | None


@dataclass(frozen=True)
class Appended:
    """What a page brought: which plays and unreadable items were new, and all items with a time.

    `noted` are plays that only files or players had told before.
    """

    plays: frozenset[Key] = frozenset()
    noted: frozenset[Key] = frozenset()
    unreadable: frozenset[str] = frozenset()  # digests
    seen: list[Seen] = field(default_factory=list)


@dataclass(frozen=True)
class Tracks:
    """What the catalog knows of the tracks of some pages, by Spotify id; see `remember`."""

    ids: Mapping[str, int] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)  # see relinked.families
    twins: bool = True  # whether any track in the catalog has one
    told: Mapping[int, Collection[Key]] = field(default_factory=dict)  # see told, by user
    # By user, where deleted plays stand whose instant is no end: a play that ends there is another.
    taken: Mapping[int, Collection[Key]] = field(default_factory=dict)


def remember(plays: Sequence[PolledPlay]) -> Tracks:
    """Keep what plays tell of their tracks; not in the caller's transaction, it does no harm."""
    ids = catalog.remember(play.track for play in plays)
    return Tracks(ids, relinked.families(plays), catalog_rows.any_twins())


def told(pages: Mapping[int, Page], tracks: Tracks) -> Tracks:
    """With the plays of the time of these pages that polls told, or that were deleted, by user.

    Most of a page is known. Asked for in the transaction that stores the pages, in one statement,
    so that only what is left over has to be compared and written one by one. Raises
    LostTracksError.
    """
    spans = [
        (user_id, page.oldest - within_a_second.LESS, page.newest + within_a_second.LESS)
        for user_id, page in pages.items()
        if page.plays and page.oldest is not None and page.newest is not None
    ]
    if not spans:
        return tracks
    known: dict[int, set[Key]] = defaultdict(set)
    taken: dict[int, set[Key]] = defaultdict(set)
    source, values = dialects.table_of(_SPANS, spans)
    rows = dialects.run(_TOLD.format(rows=source), values).fetchall()
    for user_id, played_at, track, deleted, kept in rows:
        which = taken if deleted and not is_an_end(kept) else known
        which[user_id].add((played_at, track))
    ((_, following),) = known.pop(_NOBODY)
    if max(tracks.ids.values(), default=0) >= following:
        raise LostTracksError
    return replace(tracks, told=known, taken=taken)


def page(user_id: int, found: Page, tracks: Tracks) -> Appended:
    """Store all items of a page in the caller's transaction; what is there already stays."""
    told, taken = tracks.told.get(user_id, ()), tracks.taken.get(user_id, ())
    keys = [(play.played_at, tracks.ids[play.track.spotify_id]) for play in found.plays]
    # The deleted play would hide it; by its second it is known the next time.
    keys = [(at + ((at, track) in taken), track) for at, track in keys]
    left = [(key, play) for key, play in zip(keys, found.plays, strict=True) if key not in told]
    otherwise = relinked.known_otherwise(
        user_id, [play for _, play in left], tracks.ids, tracks.families
    )
    known = otherwise.keys() | within_a_second.known([key for key, _ in left], told, keys)
    if told and len(known) < len(left):
        others = [one for one in left if one[0] not in known]
        known |= relinked.stand_ins(others, set(told).difference(keys))
    told_by_files = {key: (key[0], track) for key, track in otherwise.items() if track is not None}
    stored = _stored(
        [
            NewPlay(user_id, *told_by_files.get(key, key), play.context)
            for key, play in left
            if key not in known or key in told_by_files
        ],
        twins=tracks.twins,
    )
    new = {(at, track) for _, at, track, is_new in stored if is_new}
    noted = {(at, track) for _, at, track, is_new in stored if not is_new}
    digests = unreadable(user_id, found.unreadable)
    seen = [Seen(clock.from_ms(key[0]), key in new) for key in keys]
    seen += [
        Seen(clock.from_ms(item.played_at), item.digest in digests)
        for item in found.unreadable
        if item.played_at is not None
    ]
    return Appended(frozenset(new), frozenset(noted), frozenset(digests), seen)


def polled(plays: Sequence[NewPlay], *, twins: bool = True) -> dict[int, set[Key]]:
    """Store plays of one or more people in the caller's transaction; the new ones, by user.

    What its owner deleted is not stored again, however often Spotify offers it, nor what a poll
    told already, of the track or of a twin (unreferenced.twins; `twins` says whether there may be
    one). A row that only files told is no new play, but keeps that a poll told it too: it then
    stays when the file is taken back. One constant statement: this is what polling does most, and
    rows that a poll told are not even locked.
    """
    new: dict[int, set[Key]] = defaultdict(set)
    for user_id, played_at, track_id, is_new in _stored(plays, twins=twins):
        if is_new:
            new[user_id].add((played_at, track_id))
    return new


def _stored(plays: Sequence[NewPlay], *, twins: bool) -> list[tuple[int, int, int, bool]]:
    """User and key of what was written of `polled`, and whether the play is new."""
    if not plays:
        return []
    once: dict[tuple[int, int, int], str | None] = {}
    for play in plays:
        key = (play.user_id, play.played_at, play.track_id)
        if once.get(key) is None:
            once[key] = play.context
    source, values = dialects.table_of(_COLUMNS, [(*key, told) for key, told in once.items()])
    unless = _UNLESS_TWINS if twins else ""
    written = dialects.run(_INSERT.format(rows=source, unless=unless), values).fetchall()
    return [(user, at, track, told_by == FROM_POLL) for user, at, track, told_by in written]


def unreadable(user_id: int, items: Sequence[Unreadable]) -> set[str]:
    """Keep items that are no plays, each once, in the caller's transaction; digests of new ones."""
    if not items:
        return set()
    now = clock.to_ms(clock.now())
    once = {one.digest: one for one in items}  # an odd page may hold thousands of the same
    rows = [(user_id, key, one.reason, one.raw, one.played_at, now) for key, one in once.items()]
    new: set[str] = set()
    for start in range(0, len(rows), _KEPT_AT_ONCE):
        some = rows[start : start + _KEPT_AT_ONCE]
        text = _KEEP.format(rows=", ".join(["(?, ?, ?, ?, ?, ?)"] * len(some)))
        values = [value for row in some for value in row]
        added = database.execute_sql(text.replace("?", placeholder()), values)
        new |= {str(digest) for (digest,) in added.fetchall()}
    return new
