"""The people of the sandbox: who they are and what they have been playing."""

from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from functools import cached_property
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from audiospective.sandbox.catalog import Catalog
from audiospective.sandbox.clock import to_datetime
from audiospective.sandbox.habits import HABITS, HOUR_MS, day_plays, day_start
from audiospective.sandbox.plays import Play
from audiospective.sandbox.window import Tape

# Whoever is woken samples a new track every 30 to 60 seconds, then hears whole ones till the end.
# An hour of it stays below fifty plays, so that hourly polls miss nothing.
BRISK_MS = HOUR_MS // 3
AWAKE_MS = 3 * HOUR_MS
BACKFILL_DAYS = 60
BACKFILL_PLAYS = 90


@dataclass
class Listener:
    """One Spotify user. `born_ms` is when the sandbox met them, in UTC milliseconds.

    `lively` listeners wake at every start and consent; `awake` holds those moments and `offline`
    pairs of instants between which plays are held back on the device.
    """

    id: str
    account_id: str
    display_name: str | None
    zone: str = "UTC"
    habit: str = "silent"
    country: str = "SE"
    email: str | None = None
    product: str = "premium"
    has_image: bool = True
    lively: bool = False
    born_ms: int = 0
    awake: list[int] = field(default_factory=list)
    offline: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.offline = [(start, end) for start, end in self.offline]
        self.tape = Tape()
        self.first_day: date | None = None
        self._next_day: date | None = None
        self._woken: set[int] = set()

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone whose hours the habit follows."""
        return ZoneInfo(self.zone)

    def document(self) -> dict[str, Any]:
        """What has to be kept to meet the same person again."""
        return asdict(self)

    def listen(self, until: int, seed: str, catalog: Catalog) -> None:
        """Let everything happen that this person plays up to an instant."""
        tape = self.tape
        if until <= tape.heard_until:
            return
        self._wake(seed, catalog)
        if HABITS[self.habit].sessions:
            self._habits(until, seed, catalog)
        while (play := tape.due(until)) is not None:
            if self.did_not_happen(play):
                continue
            held = self._held_until(play)
            if held is not None:
                play.offline, play.recorded_at = True, held
                tape.push(play)
            else:
                tape.record(play)
        tape.heard_until = until

    def rewind(self, now: int) -> None:
        """Follow a clock that was set back."""
        if now < self.tape.heard_until:
            self.tape.rewind(now)
            self.tape.heard_until = now

    def _habits(self, until: int, seed: str, catalog: Catalog) -> None:
        if self._next_day is None:
            self.first_day = self._next_day = self._first_day(seed, catalog)
        while day_start(self._next_day, self.tz) <= until:
            for play in self._plays_of(self._next_day, seed, catalog):
                self.tape.push(play)
            self._next_day += timedelta(days=1)

    def _plays_of(self, day: date, seed: str, catalog: Catalog) -> list[Play]:
        return list(day_plays(seed, self.id, HABITS[self.habit], self.tz, day, catalog))

    def _first_day(self, seed: str, catalog: Catalog) -> date:
        """Far enough before the first meeting for a full window, as people have a past."""
        day = to_datetime(self.born_ms).astimezone(self.tz).date()
        found = 0
        for _ in range(BACKFILL_DAYS):
            if found >= BACKFILL_PLAYS:
                break
            day -= timedelta(days=1)
            found += sum(not play.hidden for play in self._plays_of(day, seed, catalog))
        return day

    def _wake(self, seed: str, catalog: Catalog) -> None:
        """Lay out the plays of every waking not yet laid out."""
        for start in self.awake:
            if start in self._woken:
                continue
            self._woken.add(start)
            rng = Random(f"awake/{seed}/{self.id}/{start}")
            at, order = start + rng.randrange(6_000, 18_000), start
            while at < start + AWAKE_MS:
                track = rng.choice(rng.choice(catalog.ordered).albums[0].tracks)
                brisk = at < start + BRISK_MS
                heard = min(rng.randrange(31_000, 58_000), track.duration_ms)
                step = heard + rng.randrange(200, 2_000) if brisk else track.duration_ms + 1_500
                ms_played = heard if brisk else track.duration_ms
                self.tape.push(Play(at, at, order, track, None, ms_played, "awake", skipped=brisk))
                at += step
                order += 1

    def plays(self) -> list[Play]:
        """Everything played, and everything known here that is yet to come up."""
        coming = [play for play in self.tape.coming() if not self.did_not_happen(play)]
        return self.tape.history + coming

    def did_not_happen(self, play: Play) -> bool:
        """Whether something else was played instead: while awake habits rest until the next day,
        and being woken again ends what the waking before had begun.
        """
        woken = max((start for start in self.awake if start <= play.played_at), default=None)
        if woken is None or play.source == "explicit":
            return False
        if play.source == "habit":
            return play.played_at < woken + AWAKE_MS
        # The order of such a play counts up from the moment of its waking.
        return play.order < woken

    def _held_until(self, play: Play) -> int | None:
        """When the device is online again, for a play that ended while it was not."""
        for start, end in self.offline:
            if start <= play.played_at < end and play.recorded_at < end:
                return end
        return None
