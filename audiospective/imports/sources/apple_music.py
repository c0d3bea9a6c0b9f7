"""Apple Music's play activity: events in UTC, joined where a pause or a seek split a play."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audiospective.imports.errors import RefusedError
from audiospective.imports.plays import Batch, Broken
from audiospective.imports.reading import times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import milliseconds, number, positive, text
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import by_row
from audiospective.imports.sources.apple_artists import Artists
from audiospective.imports.sources.base import Answers, File, Peek, Verdict

_KNOWN = {
    *("event start timestamp", "event end timestamp", "event type", "end reason type"),
    *("song name", "content name", "artist name", "album name", "container album name"),
    *("play duration milliseconds", "media duration in milliseconds", "media type", "item type"),
}
_APART = 30_000  # ms between two pieces of one play
_SPARE = 5_000  # ms by which the pieces may be longer than the song
_WAITING = 2_000  # songs whose next piece may still come; the file is roughly in order
# After these the same song may go on; after a natural end or a skip it begins anew.
_PAUSES = {
    *(None, "NOT_APPLICABLE", "PLAYBACK_MANUALLY_PAUSED", "SCRUB_BEGIN", "SCRUB_END"),
    "PLAYBACK_STOPPED_DUE_TO_SESSION_TIMEOUT",
}
_NOT_PLAYED = {"FAILED_TO_LOAD", "TRACK_BANNED"}
_YES_NO = {"SHUFFLE_ON": True, "SHUFFLE_OFF": False, "TRUE": True, "FALSE": False}


def sniff(peek: Peek) -> Verdict | None:
    columns = set(peek.header)
    if {"play duration milliseconds", "event type"} <= columns or {
        *("event start timestamp", "play duration milliseconds")
    } <= columns:
        return Verdict(95)
    described = {"track description", "track name", "song name", "title"} & columns
    apple = peek.basename.lower().startswith("apple music")
    if (
        apple
        and described
        and {"track description", "artist name", "artist", "track name"} & columns
    ):
        return Verdict(80, "side table", plays=False)
    if apple and {"Title", "Artist"} <= peek.keys:
        return Verdict(80, "side list", plays=False)
    return None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    """Every event of every activity file; the side files tell the artists."""
    artists = Artists()
    for file in files:
        if file.role != "plays":
            try:
                rows = by_row.table(file) if file.role == "side table" else by_row.array(file)
                artists.learn(rows)
            except RefusedError as error:
                yield Broken(file.number, error.sentence)
    for file in files:
        if file.role == "plays":
            gathering = Gathering(file.number, answers.now, _KNOWN)
            joining = _Joining(gathering, artists)
            try:
                for number_, row in by_row.private_table(file):
                    if isinstance(row, Mapping):
                        joining.event(number_, row)
                    else:
                        gathering.reject(number_, Reason.UNREADABLE_ROW, row)
                    yield from gathering.full()
                joining.finish()
                yield from gathering.rest()
            except RefusedError as error:
                yield Broken(file.number, error.sentence)


class _Joining:
    """Holds the last play of recent songs, as its next piece may follow."""

    def __init__(self, gathering: Gathering, artists: Artists) -> None:
        self._gathering = gathering
        self._artists = artists
        self._waiting: OrderedDict[tuple[str | None, str | None], _Play] = OrderedDict()

    def event(self, number_: int, row: Mapping[str, Any]) -> None:
        reason = _unwanted(row)
        if reason:
            self._gathering.skip(number_, reason)
            return
        play = _Play(number_, row)
        before = self._waiting.pop(play.song, None)
        if before is not None and before.goes_on_with(play):
            before.join(play)
            self._gathering.skip(number_, Reason.PART_OF_PLAY)
            play = before
        elif before is not None:
            self._done(before)
        self._waiting[play.song] = play
        if len(self._waiting) > _WAITING:
            self._done(self._waiting.popitem(last=False)[1])

    def finish(self) -> None:
        while self._waiting:
            self._done(self._waiting.popitem(last=False)[1])

    def _done(self, play: _Play) -> None:
        facts = play.facts()
        if not facts["artist"]:
            facts["artist"] = self._artists.find(facts["title"], facts["album"])
        if facts["title"] and not facts["artist"] and not facts["album_artist"]:
            self._gathering.note("no_artist")
        self._gathering.play(play.number, play.row, facts, artist_needed=False)


class _Play:
    """One event, or several of one play; instants in UTC milliseconds or unknown."""

    def __init__(self, number_: int, row: Mapping[str, Any]) -> None:
        self.number = number_
        self.row = row
        self.title = text(row.get("song name")) or text(row.get("content name"))
        self.album = text(row.get("album name")) or text(row.get("container album name"))
        self.song = self.title, self.album
        self.artist = text(row.get("artist name"))
        self.length = positive(row.get("media duration in milliseconds"))
        self.played = _played(row)
        self.started, self.ended = _instants(row, self.played or 0)
        self.reason = text(row.get("end reason type"))

    def goes_on_with(self, other: _Play) -> bool:
        """Whether `other` is a piece of the same play, in whatever order they come."""
        if None in (self.started, self.ended, other.started, other.ended) or self.title is None:
            return False
        # Two songs may share a title and the name of their album.
        told = ((self.artist, other.artist), (self.length, other.length))
        if any(one is not None and two is not None and one != two for one, two in told):
            return False
        first, second = (self, other) if self._before(other) else (other, self)
        apart = (second.started or 0) - (first.ended or 0)
        heard = (self.played or 0) + (other.played or 0)
        whole = self.length is None or heard <= self.length + _SPARE
        return first.reason in _PAUSES and apart < _APART and whole

    def join(self, other: _Play) -> None:
        if self._before(other):
            self.reason = other.reason
        self.started = min(self.started or 0, other.started or 0)
        self.ended = max(self.ended or 0, other.ended or 0)
        heard = (self.played or 0) + (other.played or 0)
        self.played = min(heard, self.length or heard)

    def facts(self) -> dict[str, Any]:
        row = self.row
        return {
            "started_at": self.started,
            "ended_at": self.ended,
            "precision": 1,
            "title": self.title,
            "artist": self.artist,
            "album": self.album,
            "album_artist": text(row.get("container artist name")),
            "length_ms": self.length,
            "ms_played": self.played,
            "reason_end": self.reason,
            "shuffle": _YES_NO.get((text(row.get("shuffle play")) or "").upper()),
            "offline": _YES_NO.get((text(row.get("offline")) or "").upper()),
            "platform": text(row.get("device type")),
        }

    def _before(self, other: _Play) -> bool:
        return (self.started or 0, self.ended or 0) <= (other.started or 0, other.ended or 0)


def _unwanted(row: Mapping[str, Any]) -> Reason | None:
    kind = text(row.get("event type"))
    if kind not in (None, "PLAY_END") or text(row.get("end reason type")) in _NOT_PLAYED:
        return Reason.NOT_A_PLAY_EVENT
    radio = text(row.get("container origin type")) == "STREAM_RADIO_STATION"
    show = text(row.get("item type")) == "ORIGINAL_CONTENT_SHOWS"
    if text(row.get("media type")) not in (None, "AUDIO") or radio or show:
        return Reason.NOT_AUDIO
    return None


def _played(row: Mapping[str, Any]) -> int | None:
    """Milliseconds; a negative number, which occurs, is none."""
    found = number(row.get("play duration milliseconds"))
    return milliseconds(max(0.0, found)) if found is not None else None


def _instants(row: Mapping[str, Any], played: int) -> tuple[int | None, int | None]:
    """Start and end; what is missing follows from the other and the time played."""
    started = times.iso(row.get("event start timestamp"))
    ended = times.iso(row.get("event end timestamp"))
    if started is None and ended is None:
        heard_of = times.iso(row.get("event received timestamp"))
        since = milliseconds(row.get("milliseconds since play"))
        if heard_of is not None and since is not None:
            ended = heard_of - since
    if ended is None and started is not None:
        ended = started + played
    if started is None and ended is not None:
        started = ended - played
    return started, ended
