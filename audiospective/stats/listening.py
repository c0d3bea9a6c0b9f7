"""One member's plays and what was worked out from them: the way in for every page with figures.

A page makes one `Listening` from the member's options (web.listening.listening() does) and asks it:

    listening = web.listening.listening()
    plays = listening.plays()                                # a frame, see prepared_plays.SCHEMA
    top = listening.figure(tops.top, "artist", 50)           # tops.top(plays, "artist", 50), cached

What `figure` is given must be a function of a module, and its parameters hashable: they are the
key, together with the member, the version of the archive, and the options (zone, rule, measure,
hidden artists). So a result is never stale after a play, an import, a merge or a deletion, in
whichever process that happened; "today" is no part of the key and has to be a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from threading import Lock
from typing import Concatenate, ParamSpec, TypeVar

import polars as pl

from audiospective import clock, history
from audiospective.history import recordings, segment_store, version
from audiospective.history.version import Version
from audiospective.models import database
from audiospective.models.plays import FROM_IMPORT, SENT_LIVE
from audiospective.policy import import_spans
from audiospective.stats import by_track, cache, portrait, prepared_plays, unprepared_portrait
from audiospective.stats.figure_options import FigureOptions
from audiospective.stats.portrait import Portrait
from audiospective.stats.prepared_plays import DAY

EACH = 75  # bytes that a play takes in the end, with its part in what is added up by track
# Of one member, kept side by side: as they count them, and as a shared link of theirs does in
# another zone. A browser that tells another zone with each page pushes out nothing of others.
WAYS = 2
CHUNKS = 16  # pieces in memory that plays may lie in, before they are put together

P = ParamSpec("P")
T = TypeVar("T")

_frames = cache.Part(cache.shared, "plays")
_results = cache.Part(cache.shared, "figures")
# Pages of one member that are asked for at once read the plays once; each would need the memory.
_reading = tuple(Lock() for _ in range(64))


@dataclass(frozen=True)
class _Read:
    """Plays of a version; `settled`: nothing was written while they were read.

    `imported` are instants (ms) of plays that files tell of: of each UTC day the first and the
    last, which make the same spans as all of them. `same` is what tracks counted as.
    """

    plays: pl.DataFrame
    imported: pl.Series
    same: pl.DataFrame
    at: Version
    settled: bool

    @property
    def size(self) -> int:
        """Bytes, of what was added up of the plays too."""
        frames = (self.plays, self.imported, self.same)
        return sum(int(one.estimated_size()) for one in frames) + by_track.size(self.plays)

    @cached_property
    def spans(self) -> tuple[import_spans.Span, ...]:
        return tuple(import_spans.spans(self.imported.to_list(), import_spans.COMPLETE))

    def before(self, instant: int) -> tuple[pl.DataFrame, pl.Series]:
        """Plays and instants before one that begins a UTC day; slices, nothing is copied."""
        plays = self.plays.head(self.plays["played_at"].to_physical().search_sorted(instant))
        return plays, self.imported.head(self.imported.search_sorted(instant))


class Listening:
    """The archive of one member as one request sees it."""

    def __init__(self, options: FigureOptions) -> None:
        self.options = options
        self._read_plays: _Read | None = None

    @cached_property
    def _at(self) -> Version:
        return version.read(self.options.user_id)

    @property
    def version(self) -> str:
        """See history.version; read once."""
        return self._at.text

    @cached_property
    def key(self) -> Hashable:
        """What everything worked out here depends on."""
        return database.obj, self.options, self.version

    def plays(self) -> pl.DataFrame:
        """All plays that count by these options, oldest first; see prepared_plays.SCHEMA."""
        return self._found.plays

    def imported(self) -> tuple[import_spans.Span, ...]:
        """The time that files tell of, whatever the options: (start, end) in ms, in order."""
        return self._found.spans

    def figure(
        self, make: Callable[Concatenate[pl.DataFrame, P], T], *params: P.args, **more: P.kwargs
    ) -> T:
        """`make(plays, *params)`, or what it was when nothing has changed since."""
        key = (self.key, make.__module__, make.__qualname__, params, tuple(sorted(more.items())))
        found = _results.get(key)
        if found is None:
            result = make(self.plays(), *params, **more)
            if self._found.settled:
                _results.put(key, (result,))
                self._weigh()
            return result
        kept: T = found[0]
        return kept

    def portrait(self, kind: str, one: int, limit: int) -> Portrait | None:
        """`portrait.of(plays, kind, one, limit)`, or what it was when nothing has changed since.

        As long as no plays are kept, it reads them for itself, in a third of the time and memory.
        """
        at_hand = _frames.get((database.obj, self.options)) is not None
        if at_hand or not unprepared_portrait.serves(self.options):
            return self.figure(portrait.of, kind, one, limit)
        key = (self.key, unprepared_portrait.__name__, kind, one, limit)
        kept: tuple[Portrait | None] | None = _results.get(key)
        if kept is None:
            user_id = self.options.user_id
            same = recordings.of(user_id, self.version).frame
            raw = history.frame(user_id, columns=prepared_plays.RAW)
            kept = (unprepared_portrait.of(raw, self.options, same, kind, one, limit),)
            if version.may_be_kept(user_id, self.version):
                _results.put(key, kept)
        return kept[0]

    @property
    def _found(self) -> _Read:
        if self._read_plays is None:
            key = database.obj, self.options
            with _reading[hash(key) % len(_reading)]:
                kept: _Read | None = _frames.get(key)
                if kept is None or kept.at.text != self.version:
                    kept = self._read(kept)
                    if kept.settled:
                        _frames.put(key, kept, kept.size)
                        self._drop_others()
            self._read_plays = kept
        return self._read_plays

    def _drop_others(self) -> None:
        """Let go of this member's plays in more than WAYS ways."""
        own = self.options.user_id
        mine = [one for one in _frames.held() if one[0] is database.obj and one[1].user_id == own]
        for key in mine[:-WAYS]:
            _frames.drop(key)

    def _weigh(self) -> None:
        """Have the plays weighed once more: what was added up of them is kept beside them."""
        key = database.obj, self.options
        if _frames.get(key) is self._found:
            _frames.put(key, self._found, self._found.size)

    def _read(self, kept: _Read | None) -> _Read:
        """Reads only what may differ from plays that were kept of another version."""
        user_id = self.options.user_id
        same = recordings.of(user_id, self.version).frame
        since = segment_store.EVER
        if kept is not None and kept.same.equals(same):
            since = version.differ_from(kept.at, self._at) // DAY * DAY
        start = clock.from_ms(since) if since > 0 else None
        raw = history.frame(user_id, start, columns=(*prepared_plays.RAW, "seen"))
        if start is None:
            cache.shared.make_room(raw.height * EACH)
        plays = prepared_plays.prepare(raw, self.options, same)
        # What a player sends says nothing of the time in which it was silent.
        live = (pl.col("seen") == SENT_LIVE).fill_null(value=False)
        by_files = raw.select((pl.col("source") >= FROM_IMPORT) & ~live).to_series()
        imported = import_spans.ends_of_days(raw["played_at"].filter(by_files).to_physical())
        if kept is not None and start is not None:
            earlier, told = kept.before(since)
            if earlier.n_chunks() > CHUNKS:
                earlier = earlier.rechunk()
            plays, imported = pl.concat([earlier, plays]), pl.concat([told, imported])
            by_track.carry(kept.plays, plays, (start - timedelta(days=1)).date())
        settled = version.may_be_kept(user_id, self.version)
        return _Read(plays, imported, same, self._at, settled)


def forget() -> None:
    """Let go of everything that was kept."""
    _frames.clear()
    _results.clear()
