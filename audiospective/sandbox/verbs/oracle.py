"""Verbs that tell what was played and what became of it."""

from typing import Any

from audiospective.sandbox.clock import Instant, iso, to_ms
from audiospective.sandbox.export import export_zip
from audiospective.sandbox.plays import STATES, Play
from audiospective.sandbox.verbs.base import Verbs


def told(play: Play, now: int, first_offer: int | None = None) -> dict[str, Any]:
    """A play as the control API tells it; names ending in `_ms` are UTC milliseconds."""
    return {
        "played_at": iso(play.played_at),
        "played_ms": play.played_at,
        "recorded_at": iso(play.recorded_at),
        "recorded_ms": play.recorded_at,
        "offered_ms": play.offered_at,
        "left_ms": play.left_at,
        "order": play.order,
        "track": play.track.id if play.track else None,
        "name": play.track.name if play.track else None,
        "ms_played": play.ms_played,
        "hidden": play.hidden,
        "state": play.state(now, first_offer),
    }


class OracleVerbs(Verbs):
    """What was played and what became of it."""

    def plays(self, listener: str, state: str | None = None) -> list[dict[str, Any]]:
        """Everything somebody played, by time, and what became of it.

        States: `offered` (stood in an answer that arrived whole), `waiting` (in the window, not
        yet offered), `lost` (pushed out of the window unseen), `before` (likewise, before
        anything of theirs was ever offered), `hidden` (never shown), `pending` (not yet known
        to Spotify).
        """
        if state is not None and state not in STATES:
            raise ValueError(f"no such state: {state}; there are {', '.join(STATES)}")
        with self.state.lock:
            now = self.state.clock.now_ms()
            known = self.state.heard(self.state.listeners[listener])
            first = known.tape.first_offer
            found = [
                told(play, now, first)
                for play in known.plays()
                if state is None or play.state(now, first) == state
            ]
        return sorted(found, key=lambda play: (play["played_ms"], play["order"]))

    def export(self, listener: str, since: Instant | None = None) -> bytes:
        """Somebody's Extended Streaming History as a zip; `since` makes their past reach back."""
        start = None if since is None else to_ms(since)
        return export_zip(self.state, self.state.listeners[listener], start)

    def balance(self, listener: str | None = None) -> dict[str, int]:
        """How many plays are in each state, of one listener or of all."""
        counts = dict.fromkeys(STATES, 0)
        with self.state.lock:
            now = self.state.clock.now_ms()
            people = [listener] if listener is not None else list(self.state.listeners)
            for name in people:
                known = self.state.heard(self.state.listeners[name])
                for play in known.plays():
                    counts[play.state(now, known.tape.first_offer)] += 1
        return counts
