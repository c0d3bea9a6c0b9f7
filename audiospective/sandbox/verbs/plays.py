"""Verbs that let people listen."""

from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Any

from audiospective.sandbox.clock import Instant, to_ms
from audiospective.sandbox.habits import HOUR_MS
from audiospective.sandbox.listeners import Listener
from audiospective.sandbox.plays import UNSET, Play
from audiospective.sandbox.verbs.base import Verbs
from audiospective.sandbox.verbs.oracle import told


class PlayVerbs(Verbs):
    """What people play, and when it becomes known."""

    def add_plays(self, listener: str, plays: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Let somebody have played things; each play is a dict of what differs from the usual.

        `played_at` (default now), `recorded_at` (default: as soon as it is played and told),
        `track` (an id; null for none; default any), `context`, `ms_played`, `hidden` (a reason
        for the API not to show it), `left_out` (it takes a place in the window and is missing from
        every page), `raw` (the item as it will stand in the answer, however bad).
        """
        with self.state.lock:
            known = self.state.listeners[listener]
            made = [self._play(known, facts) for facts in plays]
            return [
                told(play, self.state.clock.now_ms()) for play in self.state.add_plays(known, made)
            ]

    def play(self, listener: str, **facts: Any) -> dict[str, Any]:
        """Let somebody have played one thing; see `add_plays`."""
        return self.add_plays(listener, [facts])[0]

    def burst(
        self, listener: str, count: int = 60, seconds_apart: float = 1, until: Instant | None = None
    ) -> list[dict[str, Any]]:
        """Many plays close together, the last one ending now; more than 50 overflow the window."""
        end = self.state.clock.now_ms() if until is None else to_ms(until)
        step = round(seconds_apart * 1000)
        times = [end - step * (count - 1 - index) for index in range(count)]
        return self.add_plays(listener, [{"played_at": at} for at in times])

    def late(self, listener: str, count: int = 1, hours: float = 9) -> list[dict[str, Any]]:
        """Plays that ended hours ago and are only known now, as after listening offline."""
        start = self.state.clock.now_ms() - round(hours * HOUR_MS)
        return self.add_plays(
            listener, [{"played_at": start + 200_000 * index} for index in range(count)]
        )

    def same_time(self, listener: str, count: int = 2) -> list[dict[str, Any]]:
        """Different tracks with one `played_at`."""
        now = self.state.clock.now_ms()
        tracks = list(self.state.catalog.tracks)
        return self.add_plays(
            listener, [{"played_at": now, "track": tracks[index]} for index in range(count)]
        )

    def offline(self, listener: str, **span: float) -> None:
        """From now on, hold plays back on the device; they all arrive when the span is over."""
        with self.state.lock:
            known, now = self.state.listeners[listener], self.state.clock.now_ms()
            self.state.heard(known)
            known.offline.append((now, now + round(timedelta(**span) / timedelta(milliseconds=1))))
            self.state.keep(known)

    def wake(self, listener: str) -> None:
        """Let somebody play something new every 30 to 60 seconds for twenty minutes."""
        with self.state.lock:
            self.state.wake(self.state.heard(self.state.listeners[listener]))

    def tracks(self, count: int = 50) -> list[str]:
        """Ids of tracks in the catalog."""
        return list(self.state.catalog.tracks)[:count]

    def _play(self, listener: Listener, facts: dict[str, Any]) -> Play:
        now = self.state.clock.now_ms()
        at = to_ms(facts.get("played_at", now))
        known = {"played_at", "recorded_at", "track", "context", "ms_played", "hidden", "left_out"}
        known |= {"raw"}
        if set(facts) - known:
            raise ValueError(f"a play has no {', '.join(sorted(set(facts) - known))}")
        tracks = self.state.catalog.tracks
        if "track" in facts:
            track = None if facts["track"] is None else tracks[facts["track"]]
        else:
            track = Random(f"{listener.id}/{at}").choice(list(tracks.values()))
        return Play(
            played_at=at,
            # Explicit, it may lie before the play's end: the device's clock is ahead.
            recorded_at=to_ms(facts.get("recorded_at", max(at, now))),
            order=0,
            track=track,
            context=facts.get("context"),
            ms_played=facts.get("ms_played", track.duration_ms if track else 0),
            source="explicit",
            hidden=facts.get("hidden", ""),
            left_out=facts.get("left_out", False),
            raw=facts.get("raw", UNSET),
        )
