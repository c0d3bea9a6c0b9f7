"""Takes in what a player or scrobbler sends, by the rules of imports, a few hours of the archive
at a time.

A play that is there already, told by a poll, by a file or by another program, stays one play. One
row of `imports` stands for all that a member's programs ever sent: what it told is never taken back
with a file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from peewee import fn

from audiospective import clock
from audiospective.history import archived_tracks, lock, recovered, removal
from audiospective.history.catalog import names
from audiospective.history.replacing import ChangedError, Span, replace_part
from audiospective.imports import archive, archive_frames, merging, reconcile
from audiospective.imports.merging import ARRIVALS, Outcome, Source
from audiospective.imports.plays import Batch, Rejected
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import inner, text
from audiospective.imports.source_bits import LISTENS, LISTENS_TRUST
from audiospective.imports.sources import listenbrainz
from audiospective.imports.staging import Staging
from audiospective.models import Import, Play
from audiospective.models.imports import DONE, LOOK_AGAIN, LOOKING, UNCOUNTED
from audiospective.models.plays import FROM_POLL
from audiospective.policy import folding
from audiospective.policy.forwarding import OWN_NAME

AROUND = 3 * 3_600_000  # ms on either side, more than any two sources may differ by
FEW = 12  # tracks without an id that are looked for by name one by one
TRIES = 5  # times that the archive may change meanwhile
_PROGRAM = ("media_player", "submission_client", "music_service_name", "listening_from")


class NoPlayError(Exception):
    """A listen that can be no play, such as one from the future; nothing was stored."""


@dataclass(frozen=True)
class Taken:
    """What became of the listens: `added` are new plays, the others were there."""

    added: int
    matched: int
    known: int


def take(user_id: int, listens: Sequence[Mapping[str, Any]]) -> Taken:
    """Store listens (checked by policy.listens) as plays; sending them twice changes nothing.

    Raises NoPlayError, YearAwayError, and ChangedError if others write all the time.
    """
    batch = _read(listens)
    for tries_left in reversed(range(TRIES)):
        try:
            return _take(user_id, batch)
        except ChangedError:
            if not tries_left:
                raise
    raise AssertionError


def join(user_id: int) -> int:
    """Make one of what a program sent and a poll brought since; how many. Safe to repeat.

    What files told in that time is joined as well; who has no program needs none.
    """
    mine = (Import.user == user_id) & Import.live
    Import.update(polls_seen=LOOKING).where(mine & (Import.polls_seen == LOOK_AGAIN)).execute()
    row = Import.get_or_none(mine)
    polled = Play.select(fn.MIN(Play.played_at), fn.MAX(Play.played_at)).where(
        (Play.user == user_id) & (Play.source == FROM_POLL)
    )
    first, last = polled.tuples().get()
    seen, joined, counted = row.polls_in_its_time() if row else 0, 0, True
    if first is not None:
        span = (int(first) - AROUND, int(last) + AROUND)
        before, frames = archive.around(user_id, span)
        after, pairs = reconcile.together(frames)
        joined = pairs.height
        if joined:
            try:
                with lock.held(user_id):
                    replace_part(user_id, span, before, archive_frames.as_plays(after))
                    removal.move(user_id, reconcile.moved(pairs))
                    counted = recovered.recount(user_id, *span)
            except ChangedError:
                return 0  # the next round looks again
    if row and row.first_at and row.last_at and row.polls_seen < 0:  # a gap was opened since
        with lock.held(user_id):
            own = clock.to_ms(row.first_at), clock.to_ms(row.last_at)
            counted = recovered.recount(user_id, *own) and counted
    if row and row.polls_seen != LOOK_AGAIN:
        # By what was counted before: what a poll brings or opens meanwhile is for the next round.
        left = max(seen - joined, LOOK_AGAIN)
        as_before = [row.polls_seen]
        if not counted and left >= 0:  # all is joined that was there: nobody waits for a figure
            left, as_before = UNCOUNTED - left, [row.polls_seen, LOOK_AGAIN]
        Import.update(polls_seen=left).where(mine & Import.polls_seen.in_(as_before)).execute()
    return joined


def _read(listens: Sequence[Mapping[str, Any]]) -> Batch:
    gathering = Gathering(0, clock.to_ms(clock.now()), listenbrainz.KNOWN)
    for number, listen in enumerate(listens, 1):
        listenbrainz.take(gathering, number, listen)
    plays, rejected = [], list[Rejected]()
    for batch in gathering.rest():
        plays.append(batch.plays)
        rejected += batch.rejected
    if rejected:
        raise NoPlayError(rejected[0].reason.sentence)
    programs = [_program(listen) for listen in listens]
    told = pl.concat(plays).with_columns(
        platform=pl.Series(programs, dtype=pl.String).gather(pl.concat(plays)["row"] - 1)
    )
    return Batch(0, told)


def _program(listen: Mapping[str, Any]) -> str | None:
    """Which program a listen is from; of an archive like this one it is the archive, not the player
    that it names: by that, plays that were sent on are known and do not go back.
    """
    more = inner(listen, "track_metadata", "additional_info")
    sender = text(inner(more, "submission_client"), 100)
    if sender is not None and sender.casefold() == OWN_NAME:
        return sender
    return next((found for name in _PROGRAM if (found := text(inner(more, name), 100))), None)


def _take(user_id: int, batch: Batch) -> Taken:
    row = _row(user_id)
    plays, tracks = _compact(batch)
    instants = plays.select(pl.coalesce("ended", "began")).to_series()
    added = matched = 0
    for span in _spans(instants):
        inside = instants.is_between(span[0] + AROUND, span[1] - AROUND)
        outcomes = _merge(row, span, plays.filter(inside), tracks)
        added += outcomes[Outcome.ADDED]
        matched += outcomes[Outcome.MATCHED]
    return Taken(added, matched, plays.height - added - matched)


def _compact(batch: Batch) -> tuple[pl.DataFrame, pl.DataFrame]:
    """staging.PLAYS, and staging.TRACKS with `track`, their number below zero."""
    staging = Staging()
    staging.gather([batch], lambda _: None)
    plays, tracks = staging.taken()
    numbered = tracks.with_row_index("number").select(
        (-1 - pl.col("number").cast(pl.Int32)).alias("track"), pl.exclude("number")
    )
    return plays.with_columns((-1 - pl.col("track")).alias("track")), numbered


def _spans(instants: pl.Series) -> Iterator[Span]:
    """The stretches of time that these plays lie in, with room around; apart from one another."""
    start = end = None
    for at in instants.sort():
        if end is not None and start is not None and at - AROUND > end:
            yield start, end
            start = None
        start = at - AROUND if start is None else start
        end = at + AROUND
    if start is not None and end is not None:
        yield start, end


def _merge(row: Import, span: Span, plays: pl.DataFrame, tracks: pl.DataFrame) -> Counter[int]:
    used = tracks.join(plays.select("track").unique(), on="track", how="semi")
    every = archived_tracks.tracks(row.user_id)
    before, frames = archive.around(row.user_id, span, _namesakes(used, every))
    known_as = archive.identities(used.drop("track"), -1).with_columns(track=used["track"])
    deleted = archive_frames.deleted(frames)
    outcomes: Counter[int] = Counter()
    # Programs that send the same play differ by seconds; what one sends twice so close is two.
    said = plays["platform"].cast(pl.String)
    for platform in said.unique().sort():
        told = plays.filter(said.eq_missing(pl.Series([platform], dtype=pl.String)))
        source = Source(LISTENS, LISTENS_TRUST, row.id, [row.id], several=True, platform=platform)
        own = known_as.join(told.select("track").unique(), on="track", how="semi")
        frames, became = merging.merge(frames, told.select(ARRIVALS.names()), own, source)
        outcomes.update(became)
    after = archive.in_catalog(frames, used, every)
    with lock.held(row.user_id):
        replace_part(row.user_id, span, before, archive_frames.as_plays(after))
        archive.retold(row.user_id, deleted, after)
        recovered.recount(row.user_id, *span)
        _count(row, outcomes, plays.select(pl.coalesce("ended", "began")).to_series())
    return outcomes


def _namesakes(used: pl.DataFrame, every: pl.Series) -> list[int]:
    """Tracks of the archive that ones without an id may be."""
    titles = used.filter(pl.col("spotify_id").is_null())["title"].drop_nulls().unique()
    if titles.is_empty() or every.is_empty():
        return []
    if titles.len() > FEW:
        return every.to_list()
    found: set[int] = set()
    for title in titles:
        plain = re.split(r"[(\[]| - ", title)[0].strip() or title
        found.update(names.containing(folding.words(plain)[:8], every, ("title",)))
    return sorted(found)


def _row(user_id: int) -> Import:
    """The row that stands for what the programs of a member send."""
    mine = (Import.user == user_id) & Import.live
    found: Import | None = Import.get_or_none(mine)
    if found is not None:
        return found
    with lock.held(user_id):
        found = Import.get_or_none(mine)
        now = clock.now()
        if found is None:
            found = Import.create(
                user=user_id, status=DONE, created_at=now, changed_at=now, live=True
            )
    return found


def _count(row: Import, outcomes: Counter[int], instants: pl.Series) -> None:
    """In the transaction that stores them: a try that fails counts nothing."""
    ends = [clock.from_ms(int(at)) for at in (instants.min(), instants.max())]  # type: ignore[arg-type]
    there = Import.get_by_id(row.id)
    span = [at for at in (*ends, there.first_at, there.last_at) if at is not None]
    added, matched = outcomes[Outcome.ADDED], outcomes[Outcome.MATCHED]
    Import.update(
        rows=Import.rows + outcomes.total(),
        added=Import.added + added,
        matched=Import.matched + matched,
        skipped=Import.skipped + outcomes.total() - added - matched,
        first_at=min(span),
        last_at=max(span),
    ).where(Import.id == row.id).execute()
