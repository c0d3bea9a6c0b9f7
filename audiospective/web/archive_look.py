"""How the state of an archive looks: one symbol and one colour for each status."""

from __future__ import annotations

from dataclasses import dataclass

from audiospective.policy.archive_state import Action, ArchiveState, Tone
from audiospective.policy.health import HealthStatus

COLOURS = {Tone.GOOD: "good", Tone.BAD: "bad", Tone.WAIT: "warn", Tone.CALM: "accent"}
SYMBOLS = {
    HealthStatus.UP_TO_DATE: "good",
    HealthStatus.IMPORT_ONLY: "good",
    HealthStatus.EMPTY: "info",
    HealthStatus.FIRST_POLL: "clock",
    HealthStatus.CATCHING_UP: "catching",
    HealthStatus.REFUSED_ONCE: "wait",
    HealthStatus.RECONNECT_NEEDED: "off",
    HealthStatus.DISCONNECTED: "off",
    HealthStatus.NOT_LISTED: "key",
    HealthStatus.OWN_APP_NOT_LISTED: "key",
    HealthStatus.OWN_APP_REFUSED: "key",
    HealthStatus.OWN_APP_UNREADABLE: "key",
    HealthStatus.LOCKED: "key",
    HealthStatus.PAUSED: "pause",
    HealthStatus.SPOTIFY_SILENT: "wait",
    HealthStatus.WAITING_FOR_LIMIT: "wait",
    HealthStatus.APP_REFUSED: "wait",
}


@dataclass(frozen=True)
class Link:
    """A button that leads somewhere; `intent` is what Spotify's consent is asked for."""

    label: str
    endpoint: str
    intent: str | None = None


LINKS = {  # the other actions are forms
    Action.CONNECT: Link("Connect Spotify", "auth.connect"),
    Action.RECONNECT: Link("Reconnect Spotify", "auth.connect", "reconnect"),
    Action.OWN_APP: Link("Your own Spotify app", "spotify_app.page"),
}


def symbol(state: ArchiveState) -> str:
    return SYMBOLS[state.status]


def colour(state: ArchiveState) -> str:
    return COLOURS[state.traits.tone]


def offers(status: HealthStatus) -> tuple[object, ...]:
    """What is offered in a status; a page whose offers change gets its buttons anew."""
    state = ArchiveState(status, connected_before=True)
    return (state.traits.action, state.can_check, state.can_pause, state.can_disconnect)
