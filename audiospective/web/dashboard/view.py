"""What the dashboard shows, as plain values: the state of the archive in words, and plays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from audiospective.history import recent_plays
from audiospective.history.recent_plays import RecentPlay
from audiospective.models.claims import POLLED
from audiospective.operations import health
from audiospective.operations.health import Health
from audiospective.policy.health import BAD, GOOD, WAIT, Sentence
from audiospective.services import Services
from audiospective.web.filters import local

SHOWN = 20

# What the sentence means for the person, in one line.
MEANINGS = {
    Sentence.UP_TO_DATE: "Everything that Spotify showed us at the last check is saved.",
    Sentence.FIRST_POLL: "The first check runs now and brings your last fifty plays.",
    Sentence.CATCHING_UP: "The next check is late. It is made up for by itself.",
    Sentence.RECONNECT_NEEDED: "Spotify no longer lets us read your plays. What is saved stays "
    "saved; what you play now is at risk until you reconnect.",
    Sentence.NOT_ALLOWED: "Spotify has not put your account on this app’s list. We keep asking, "
    "and a Spotify app of your own would solve it.",
    Sentence.PAUSED: "We do not ask Spotify for your plays. After a few hours of listening, "
    "resuming cannot bring back everything.",
    Sentence.SPOTIFY_SILENT: "The last checks brought no answer. We keep trying, at growing "
    "distances; you need not do anything.",
    Sentence.WAITING_FOR_LIMIT: "Spotify asked us to wait. Checks go on by themselves as soon as "
    "the wait is over.",
    Sentence.APP_REFUSED: "It is not about your account, and we have been told. Your consent is "
    "kept; you need not do anything.",
    Sentence.OWN_APP_REFUSED: "Its secret was renewed, or its owner’s Premium has "
    "ended. Checks wait until Spotify accepts the app again.",
    Sentence.DISCONNECTED: "We hold no key to your Spotify account. Your archive stays here, to "
    "read and to take away.",
    Sentence.IMPORT_ONLY: "It grows with the files you bring. Connect Spotify to have new plays "
    "saved as you listen.",
}
SYMBOLS = {
    Sentence.UP_TO_DATE: "good",
    Sentence.FIRST_POLL: "clock",
    Sentence.CATCHING_UP: "catching",
    Sentence.RECONNECT_NEEDED: "off",
    Sentence.NOT_ALLOWED: "key",
    Sentence.OWN_APP_REFUSED: "key",
    Sentence.PAUSED: "pause",
    Sentence.DISCONNECTED: "off",
    Sentence.IMPORT_ONLY: "good",
}  # everything else waits
TONES = {GOOD: "good", BAD: "bad", WAIT: "warn"}
CALM = (Sentence.FIRST_POLL, Sentence.PAUSED, Sentence.DISCONNECTED)  # chosen, or just begun


@dataclass(frozen=True)
class Item:
    """One piece of Spotify's catalog as it is listed; `by` joins the artists."""

    title: str
    by: str
    cover_url: str | None
    spotify_url: str | None


@dataclass(frozen=True)
class PlayLine:
    """One play of the list; `at` is when it ended."""

    at: datetime
    item: Item


@dataclass(frozen=True)
class Overview:
    """The health card: the state of the archive, how it is put, and how many plays it holds."""

    state: Health
    plays: int

    @property
    def sentence(self) -> Sentence:
        return self.state.sentence

    @property
    def title(self) -> str:
        return self.state.title

    @property
    def meaning(self) -> str:
        return MEANINGS[self.sentence]

    @property
    def symbol(self) -> str:
        return SYMBOLS.get(self.sentence, "wait")

    @property
    def tone(self) -> str:
        return "accent" if self.sentence in CALM else TONES[self.state.tone]

    @property
    def runs(self) -> bool:
        """Whether checks are made at all."""
        return self.state.status in POLLED

    @property
    def wants_consent(self) -> bool:
        """Whether the one thing to do is to connect (again)."""
        return self.sentence in (
            Sentence.RECONNECT_NEEDED,
            Sentence.DISCONNECTED,
            Sentence.IMPORT_ONLY,
        )


def overview(services: Services, user_id: int) -> Overview:
    """The state of one person's archive."""
    return Overview(health.state(services, user_id), recent_plays.total(user_id))


def plays(user_id: int) -> list[PlayLine]:
    """The newest plays, newest first."""
    return [PlayLine(play.played_at, item_of(play)) for play in recent_plays.recent(user_id, SHOWN)]


def by_day(lines: list[PlayLine]) -> list[tuple[str, list[PlayLine]]]:
    """Plays under the day on which they ended, in the reader's zone."""
    return [(day, list(group)) for day, group in groupby(lines, lambda one: local(one.at, "day"))]


def stamp(lines: list[PlayLine]) -> str:
    """A mark that changes when the list does, so that an unchanged one is not sent again."""
    facts = "|".join(f"{line.at.isoformat()} {line.item.title}" for line in lines)
    return sha256(facts.encode()).hexdigest()[:12]


def item_of(play: RecentPlay) -> Item:
    return Item(
        title=play.title,
        by=", ".join(name for _, name in play.artists) or (play.album or ""),
        cover_url=play.image_url,
        spotify_url=spotify_url(play.kind, play.spotify_id),
    )


def spotify_url(kind: str, spotify_id: str | None) -> str | None:
    """Where an item lives at Spotify; None where only an import named it."""
    return f"https://open.spotify.com/{kind}/{spotify_id}" if spotify_id else None
