"""Writes the catalog in today's form, in portions, so that whoever learns something waits for one.

Old forms stay readable: this may end anywhere and go on another day. Until it has chosen words,
everything is written so that the release before, which knows none, can read it.
"""

from __future__ import annotations

from dataclasses import dataclass

from audiospective.history.catalog import buckets, dictionaries, encode, lookup, packing, rows
from audiospective.history.catalog.buckets import Bucket, Family
from audiospective.history.catalog.decode import Block
from audiospective.history.catalog.entries import Entry, Kind
from audiospective.history.catalog.writer import writing
from audiospective.models import dialects, transaction

LEAST = 15_000  # described tracks that words are taken from
MOST = 20_000
PORTION = 60  # blocks a transaction: a quarter of a second
BUCKETS = 2_000  # a transaction
HEADS = 5_000  # blocks that are looked at in one statement
CLEARED = 6  # portions after which PostgreSQL finds the room of what was rewritten


@dataclass
class Compacted:
    """Whether words were chosen, and how much was written anew."""

    learned: bool = False
    blocks: int = 0
    buckets: int = 0


def compact() -> Compacted:
    """Choose words once there is enough to choose from, then renew what was written before."""
    done = Compacted(learned=_learn())
    if rows.state().words == dictionaries.NONE:
        return done
    for kind in Kind:
        done.blocks += _renew_blocks(kind)
    done.buckets = _renew_buckets()
    return done


def _learn() -> bool:
    """Only from what Spotify said: nobody's file leaves a trace in words that stay for ever."""
    state = rows.state()
    end = state.next_id[Kind.TRACK]
    if state.words != dictionaries.NONE or end <= LEAST:
        return False
    tracks, others = lookup.described(range(1, end, -(-end // MOST)))
    told = [track for track in tracks.values() if track.described]
    if len(told) < LEAST:
        return False
    known = lookup.references(told)
    names = [track.name for track in told]
    names += [entry.name for key, entry in others.items() if key in known]
    with writing() as catalog:
        catalog.learn(dictionaries.made_of(names))
    return True


def _renew_blocks(kind: Kind) -> int:
    renewed = portions = 0
    start = _outdated(kind, 0)
    while start is not None:
        many, start = _renew_portion(kind, start)
        renewed += many
        portions += 1
        if portions % CLEARED == 0 or start is None:
            dialects.vacuum("catalog_blocks")
    return renewed


def _outdated(kind: Kind, first: int) -> int | None:
    """The first large block from `first` on that is not in today's form."""
    words = rows.state().words
    while found := rows.heads(kind, first, HEADS):
        for one, head in found:
            if encode.words_of(head) != words:
                return one
        first = found[-1][0] + 1
    return None


def _renew_portion(kind: Kind, first: int) -> tuple[int, int | None]:
    """Cut the large blocks from `first` on anew; how many, and where to go on.

    The last one is seldom full, so the next portion begins with it.
    """
    with transaction():
        words = rows.state(lock=True).words
        stale = [one for one in rows.blocks_from(kind, first, PORTION) if not one.is_open]
        if not stale:
            return 0, None
        end = stale[-1].first + stale[-1].count
        entries: list[Entry | None] = [None] * (end - stale[0].first)
        for one in stale:
            at = one.first - stale[0].first
            block = Block(one.kind, one.count, one.numbers, one.facts)
            entries[at : at + one.count] = block
        made = packing.blocks(kind, stale[0].first, entries, words)
        rows.drop_blocks(stale)
        rows.put_blocks(made)
    if _outdated(kind, end) is None:
        return len(stale), None
    return len(stale), made[-1].first if made and len(stale) > 1 else end


def _renew_buckets() -> int:
    renewed = start = 0
    while True:
        with transaction():
            rows.state(lock=True)
            found = rows.buckets_from(start, BUCKETS)
            fresh = {
                key: Bucket(
                    Family(key % len(Family)), key // len(Family), packed, narrow=True
                ).packed()
                for key, packed in found
                if buckets.outdated(key, packed)
            }
            rows.put_buckets(fresh)
        renewed += len(fresh)
        if len(found) < BUCKETS:
            return renewed
        start = found[-1][0] + 1
        if fresh:
            dialects.vacuum("catalog_buckets")
