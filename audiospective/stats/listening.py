"""One member's plays and what was worked out from them: the way in for every page with figures.

A page makes one `Listening` from the member's view (web.listening.listening() does) and asks it:

    listening = web.listening.listening()
    plays = listening.plays()                                # a frame, see counted.SCHEMA
    top = listening.figure(tops.top, "artist", 50)           # tops.top(plays, "artist", 50), cached

What `figure` is given must be a function of a module, and its parameters hashable: they are the
key, together with the member, the version of the archive, and the view (zone, rule, measure, hidden
artists). So a result is never stale after a play, an import, a merge or a deletion, in whichever
process that happened; "today" is no part of the key and has to be a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Concatenate, ParamSpec, TypeVar

import polars as pl

from audiospective import history
from audiospective.history import recordings, version
from audiospective.models import database
from audiospective.models.plays import FROM_IMPORT
from audiospective.policy import import_spans
from audiospective.stats import counted
from audiospective.stats.cache import Cache
from audiospective.stats.view import View

ROWS = 1_200_000  # plays that a process keeps ready to be counted, at most about 75 MB
RESULTS = 4_000  # results that a process keeps; a frame counts as one for every 4 KB

P = ParamSpec("P")
T = TypeVar("T")

_frames = Cache(ROWS)
_results = Cache(RESULTS)


@dataclass(frozen=True)
class _Read:
    """Plays with the time that files tell of; `settled`: they are those of the version asked."""

    plays: pl.DataFrame
    imported: tuple[import_spans.Span, ...]
    settled: bool


class Listening:
    """The archive of one member as one request sees it."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._read_plays: _Read | None = None

    @cached_property
    def version(self) -> str:
        """See history.version; read once."""
        return version.of(self.view.user_id)

    @cached_property
    def key(self) -> Hashable:
        """What everything worked out here depends on."""
        return database.obj, self.view, self.version

    def plays(self) -> pl.DataFrame:
        """All plays that count in this view, oldest first; see counted.SCHEMA."""
        return self._found.plays

    def imported(self) -> tuple[import_spans.Span, ...]:
        """The time that files tell of, whatever the view: (start, end) in ms, in order."""
        return self._found.imported

    def figure(
        self, make: Callable[Concatenate[pl.DataFrame, P], T], *params: P.args, **more: P.kwargs
    ) -> T:
        """`make(plays, *params)`, or what it was when nothing has changed since."""
        key = (self.key, make.__module__, make.__qualname__, params, tuple(sorted(more.items())))
        found = _results.get(key)
        if found is None:
            result = make(self.plays(), *params, **more)
            if self._found.settled:
                _results.put(key, (result,), _weight(result))
            return result
        kept: T = found[0]
        return kept

    @property
    def _found(self) -> _Read:
        if self._read_plays is None:
            found = _frames.get(self.key)
            self._read_plays = self._read() if found is None else found
        return self._read_plays

    def _read(self) -> _Read:
        raw = history.frame(self.view.user_id, columns=counted.RAW)
        same = recordings.of(self.view.user_id, self.version)
        plays = counted.prepare(raw, self.view, same.frame)
        instants = raw.filter(pl.col("source") >= FROM_IMPORT)["played_at"].to_physical()
        spans = import_spans.spans(instants.to_list(), import_spans.COMPLETE)
        settled = version.may_be_kept(self.view.user_id, self.version)
        found = _Read(plays, tuple(spans), settled)
        if settled:
            _frames.put(self.key, found, plays.height)
        return found


def _weight(result: object) -> int:
    return 1 + int(result.estimated_size()) // 4096 if isinstance(result, pl.DataFrame) else 1


def forget() -> None:
    """Let go of everything that was kept."""
    _frames.clear()
    _results.clear()
