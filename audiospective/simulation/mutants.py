"""Mutants: one safety each, switched off from outside; a simulation that misses one is too weak.

One module although it is long: the list of safeties is read as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from audiospective import clock
from audiospective.history import append, relinked, segment, segment_store
from audiospective.history.closed import moving, objects
from audiospective.imports import matching
from audiospective.models import Connection, claims, notices
from audiospective.models.coverage import Coverage
from audiospective.models.notices import Notice
from audiospective.operations import catalog
from audiospective.policy import gaps
from audiospective.policy import mass_failure as rules
from audiospective.polling import batch, coverage
from audiospective.polling.write import Writer

Mutant = Callable[[], AbstractContextManager[None]]
MUTANTS: dict[str, Mutant] = {}


def mutant(make: Callable[[], Iterator[None]]) -> Mutant:
    """Put a mutant on the list, under its name."""
    made = contextmanager(make)
    MUTANTS[make.__name__.replace("_", "-")] = made
    return made


def of(name: str | None) -> AbstractContextManager[None]:
    """The mutant of a name while the block lasts; nothing for None."""
    return nullcontext() if name is None else MUTANTS[name]()


@contextmanager
def unmarked() -> Iterator[None]:
    """Redis does not say which polls of a slot are done.

    No mutant: the row says it too, so this alone costs calls and nothing else.
    """
    with patch.object(batch, "without_done", lambda _services, user_ids, _slot: list(user_ids)):
        yield


@mutant
def due_check() -> Iterator[None]:
    """Whoever has been polled since a batch was planned is polled again with it."""
    claim = claims.claim

    def whenever(user_ids: Any, _before: Any, **more: Any) -> Any:
        return claim(user_ids, batch.ANY_TIME, **more)

    with patch.object(claims, "claim", whenever):
        yield


@mutant
def idempotency() -> Iterator[None]:
    """A slot that is done is polled again when its job comes twice."""
    with unmarked(), due_check():
        yield


@mutant
def isolation() -> Iterator[None]:
    """What cannot be stored of one member ends the batch of all."""

    def alone(self: Writer, attempt: Any, **_: Any) -> None:
        self._write_pages([attempt])

    with patch.object(Writer, "_write_alone", alone):
        yield


@mutant
def claim() -> Iterator[None]:
    """A member whom another worker holds is claimed all the same."""
    honest = claims.claim

    def greedy(user_ids: Any, *args: Any, **more: Any) -> Any:
        held = Connection.user.in_(list(user_ids))
        Connection.update(lease_until=clock.EPOCH).where(held).execute()
        return honest(user_ids, *args, **more)

    with patch.object(claims, "claim", greedy):
        yield


@mutant
def fence() -> Iterator[None]:
    """Who slept past a lease writes after all."""

    def statement(columns: tuple[str, ...], mark: str, now: str) -> str:
        settings = ", ".join(f"{column} = {mark}" for column in columns)
        where = f"user_id = {mark} AND {mark} IS NOT NULL AND {now} IS NOT NULL"
        return f"UPDATE connections SET {settings} WHERE {where}"  # noqa: S608 - names of columns

    with patch.object(claims, "_statement", statement):
        yield


@mutant
def linked_tracks() -> Iterator[None]:
    """A play that comes again under the id of another track is stored twice."""
    with (
        patch.object(relinked, "known_otherwise", lambda *_: {}),
        patch.object(relinked, "stand_ins", lambda *_: set()),
    ):
        yield


@mutant
def old_overlap_rule() -> Iterator[None]:
    """A gap only where a full page is newer than the newest play that is known."""

    def polled(before: Any, page: Any, offered: int, now: datetime) -> Any:
        if Coverage.newest(before.user_id) is None:
            Coverage.begin(before.user_id, before.authorized_at)
        newest = before.newest_play_at
        oldest = min((item.at for item in page.seen), default=None)
        if offered != gaps.PAGE or not page.plays or not oldest or not newest or oldest <= newest:
            return None
        found = gaps.Found(newest, newest, oldest, gaps.Cause.OVERFLOW, gaps.Certainty.POSSIBLE)
        Coverage.cut(before.user_id, newest, oldest)
        Coverage.begin(before.user_id, oldest)
        return coverage._opened(before.user_id, found, now)

    with (
        patch.object(coverage, "is_ordinary", lambda *_: False),
        patch.object(coverage, "polled", polled),
    ):
        yield


@mutant
def short_pages() -> Iterator[None]:
    """A page that is shorter than Spotify's is taken for all there is."""
    doubt = gaps.doubt

    def sure(before: Any, page: Any, offered: int) -> Any:
        return None if offered < gaps.PAGE else doubt(before, page, offered)

    with patch.object(gaps, "doubt", sure):
        yield


@mutant
def unreadable_items() -> Iterator[None]:
    """Items that fit no play say nothing of where a page ends."""
    page = append.page

    def stored(user_id: int, found: Any, tracks: Any) -> Any:
        done = page(user_id, found, tracks)
        times = {play.played_at for play in found.plays}
        return replace(done, seen=[item for item in done.seen if clock.to_ms(item.at) in times])

    with patch.object(append, "page", stored):
        yield


@mutant
def late_plays() -> Iterator[None]:
    """A gap never begins before the last check."""
    gap = gaps.gap

    def shorter(before: Any, page: Any, offered: int, known: Any, now: datetime) -> Any:
        found = gap(before, page, offered, known, now)
        if found is None or before.checked_at is None:
            return found
        start = min(max(found.start, before.checked_at - gaps.SETTLED), found.end)
        return replace(found, start=start, probably_from=max(start, found.probably_from))

    with patch.object(gaps, "gap", shorter):
        yield


@mutant
def mixed_pages() -> Iterator[None]:
    """Late plays between known ones are nothing to wonder at."""
    with patch.object(gaps, "_is_mixed", lambda _checked_at, _page: False):
        yield


@mutant
def first_page() -> Iterator[None]:
    """The first page is taken for all that was played since the consent."""
    doubt = gaps.doubt

    def sure(before: Any, page: Any, offered: int) -> Any:
        return None if before.checked_at is None else doubt(before, page, offered)

    with patch.object(gaps, "doubt", sure):
        yield


@mutant
def seal_verification() -> Iterator[None]:
    """What was sealed is not read back before the rows are deleted."""
    encoded = segment_store.encoded

    def blindly(user_id: int, year: int, plays: Any) -> Any:
        with patch.object(segment, "decode", lambda *_: plays):
            return encoded(user_id, year, plays)

    with patch.object(segment_store, "encoded", blindly):
        yield


@mutant
def mass_guard() -> Iterator[None]:
    """A refusal that meets everybody is taken for everybody's own."""
    with (
        patch.object(rules, "tripped", lambda *_: False),
        patch.object(rules, "tripped_at_once", lambda *_: False),
        patch.object(rules, "everybody", lambda *_: False),
        patch.object(rules, "believable", lambda *_: True),
    ):
        yield


@mutant
def outbox_claim() -> Iterator[None]:
    """A notice is taken without asking whether another worker took it."""

    def take(number: int, _now: datetime) -> Any:
        changed = Notice.update(status=notices.SENDING, attempts=Notice.attempts + 1)
        return next(iter(changed.where(Notice.id == number).returning(Notice).execute()), None)

    with patch.object(notices, "claim", take):
        yield


@mutant
def storage_proof() -> Iterator[None]:
    """A closed year leaves the database before it was read back from storage."""
    take = moving.take

    class Believed:
        """Storage that is believed to hold what it was given."""

        def __init__(self, inner: Any) -> None:
            self.inner, self.put_last = inner, b""

        def put(self, key: str, content: bytes) -> int:
            self.put_last = content
            return int(self.inner.put(key, content))

        def get(self, _key: str) -> bytes:
            return self.put_last

    def blindly(user_id: int, year: int, own: str) -> bool:
        believed = Believed(objects.storage())
        with patch.object(objects, "storage", lambda: believed):
            return take(user_id, year, own)

    with patch.object(moving, "take", blindly):
        yield


@mutant
def import_one_to_one() -> Iterator[None]:
    """Several plays of a file are taken for one of the archive."""

    def nearest(pairs: Any) -> list[tuple[int, int]]:
        best: dict[int, tuple[int, int]] = {}
        for left, right, apart in pairs:
            best[right] = min(best.get(right, (apart, left)), (apart, left))
        return [(left, right) for right, (_, left) in best.items()]

    with patch.object(matching, "pair_up", nearest):
        yield


@mutant
def way_back() -> Iterator[None]:
    """The catalog is written in a form that the release before cannot read, and it still works."""
    with patch.object(catalog, "WAY_BACK", timedelta(0)):
        yield
