"""Collects the rows of one file into batches: each row goes into exactly one bin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from audiospective.imports.plays import DAY, SECOND, Batch, Rejected, Skipped, frame
from audiospective.imports.reading import raw, times
from audiospective.imports.reading.json_rows import Unreadable
from audiospective.imports.reasons import Reason

SIZE = 5_000  # rows of a batch
SHARED = 3  # different titles at one instant were not played then: a device told of them at once


class Gathering:
    """`known` are the fields of a row that are not personal, for the report; `now` in UTC ms.

    With `shared`, neighbours with one and the same time are imprecise by a day, from SHARED
    different titles on.
    """

    def __init__(
        self, file: int, now: int, known: Collection[str] = (), shared: bool = False
    ) -> None:
        self._file = file
        self._now = now
        self._known = known
        self._shared = shared
        self._neighbours: list[dict[str, Any]] = []
        self._clear()

    def _clear(self) -> None:
        self._plays: list[dict[str, Any]] = []
        self._skipped: list[Skipped] = []
        self._rejected: list[Rejected] = []
        self._notes: Counter[str] = Counter()

    def play(
        self, row: int, source_row: object, facts: Mapping[str, Any], artist_needed: bool = True
    ) -> None:
        """A play; without a time, out of range, without title or artist it is rejected instead.

        What `facts` does not say: precision a second, the zone known, kind track.
        """
        reason = self._fault(facts, artist_needed)
        if reason:
            self.reject(row, reason, source_row)
            return
        play = {"row": row, "precision": SECOND, "zone_known": True, "kind": "track", **facts}
        if self._shared:
            self._beside(play)
        else:
            self._plays.append(play)

    def identified(self, row: int, source_row: object, facts: Mapping[str, Any]) -> None:
        """A play of a track that has an id, and perhaps no name."""
        if facts.get("spotify_id") or facts.get("title"):
            self.play(row, source_row, facts)
        else:
            self.reject(row, Reason.NO_METADATA, source_row)

    def skip(self, row: int, reason: Reason) -> None:
        self._skipped.append(Skipped(row, reason))

    def reject(self, row: int, reason: Reason, source_row: object) -> None:
        if isinstance(source_row, Unreadable):
            text = raw.unreadable(source_row.raw)
        else:
            text = raw.of(source_row, self._known)
        self._rejected.append(Rejected(row, reason, text))

    def note(self, name: str) -> None:
        self._notes[name] += 1

    def full(self) -> Iterator[Batch]:
        """A batch when there are enough rows for one."""
        if len(self._plays) + len(self._skipped) + len(self._rejected) >= SIZE:
            yield from self._batch()

    def rest(self) -> Iterator[Batch]:
        """What is left, if anything."""
        self._settle()
        yield from self._batch()

    def _batch(self) -> Iterator[Batch]:
        batch = Batch(self._file, frame(self._plays), self._skipped, self._rejected, self._notes)
        self._clear()
        if batch.rows or batch.notes:
            yield batch

    def _beside(self, play: dict[str, Any]) -> None:
        if self._neighbours and (
            play.get("started_at") != self._neighbours[0].get("started_at")
            or len(self._neighbours) == SIZE
        ):
            self._settle()
        self._neighbours.append(play)

    def _settle(self) -> None:
        if len({play["title"] for play in self._neighbours}) >= SHARED:
            self._notes["shared_time"] += len(self._neighbours)
            for play in self._neighbours:
                play["precision"] = DAY
        self._plays += self._neighbours
        self._neighbours = []

    def _fault(self, facts: Mapping[str, Any], artist_needed: bool) -> Reason | None:
        known = [facts[name] for name in ("started_at", "ended_at") if facts.get(name) is not None]
        if not known:
            return Reason.NO_TIME
        if not all(times.in_range(instant, self._now) for instant in known):
            return Reason.TIME_OUT_OF_RANGE
        if facts.get("kind") == "unknown" or facts.get("spotify_id"):
            return None
        if not facts.get("title"):
            return Reason.NO_TITLE
        named = any(facts.get(name) for name in ("artist", "artists", "album_artist", "show"))
        return None if named or not artist_needed else Reason.NO_ARTIST
