"""YouTube Music: the history of Google Takeout and of My Activity, in any language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from audiospective.imports.errors import RefusedError
from audiospective.imports.plays import Batch, Broken
from audiospective.imports.reading import times
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.values import inner, text
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import by_row
from audiospective.imports.sources.base import Answers, File, Peek, Verdict
from audiospective.imports.sources.youtube_affixes import Affixes

_KNOWN = {"header", "title", "titleUrl", "subtitles", "time", "details"}
_MUSIC, _VIDEO = "YouTube Music", "YouTube"
_RELEASE = "Release"  # the channel of albums without an artist's own
_WATCH = re.compile(r"https?://(?:music|www|m)\.youtube\.com/watch\?v(?:=|\\u003d)([\w-]{1,20})")
_AGAIN = 10_000  # ms in which the same video is the same play
_SAMPLE = 5_000  # rows from which the language is learnt


def sniff(peek: Peek) -> Verdict | None:
    keys = peek.keys
    if peek.opening == "[" and {"header", "title", "time"} <= keys:
        return Verdict(90) if {"titleUrl", "products", "subtitles"} & keys else None
    return None


def read(files: Sequence[File], answers: Answers) -> Iterator[Batch | Broken]:
    """Every row; what is neither music nor of a music channel is skipped."""
    for file in files:
        try:
            sample = [row for _, row in islice(by_row.array(file), _SAMPLE)]
        except RefusedError as error:
            yield Broken(file.number, error.sentence)
            continue
        affixes = Affixes.of([row for row in sample if _video(row)])
        yield from by_row.read([file], answers, _KNOWN, by_row.array, _Taking(affixes).take)


class _Taking:
    """Knows the play before, since one play is told of twice within seconds."""

    def __init__(self, affixes: Affixes) -> None:
        self._affixes = affixes
        self._last: tuple[str, int] | None = None

    def take(self, gathering: Gathering, number: int, row: Mapping[str, Any]) -> None:
        channel = text(inner(_first(row.get("subtitles")), "name"))
        artist = self._affixes.artist(channel)
        reason = _unwanted(row, artist is not None)
        if reason:
            gathering.skip(number, reason)
            return
        started = times.iso(row.get("time"))
        video = _video(row)
        if self._again(video, started):
            gathering.skip(number, Reason.DUPLICATE_IN_FILE)
            return
        title = self._affixes.title(text(row.get("title")))
        named = title if title and not title.startswith(("http://", "https://")) else None
        if channel is None and started is not None:
            gathering.reject(number, Reason.NO_ARTIST, row)  # a video that is gone
            return
        artist = artist or channel
        facts = {"started_at": started, "precision": 1, "title": named}
        if artist == _RELEASE:
            gathering.note("no_artist")
            artist = None
        gathering.play(number, row, {**facts, "artist": artist}, artist_needed=False)

    def _again(self, video: str | None, started: int | None) -> bool:
        if video is None or started is None:
            return False
        last, self._last = self._last, (video, started)
        return last is not None and last[0] == video and abs(last[1] - started) <= _AGAIN


def _unwanted(row: Mapping[str, Any], music_channel: bool) -> Reason | None:
    details = row.get("details")
    names = [inner(one, "name") for one in details] if isinstance(details, list) else []
    if any(isinstance(name, str) and "Google" in name for name in names):
        return Reason.ADVERTISEMENT
    if row.get("header") != _MUSIC and not (row.get("header") == _VIDEO and music_channel):
        return Reason.NOT_AUDIO
    if isinstance(row.get("titleUrl"), str) and not _video(row):
        return Reason.NOT_A_PLAY_EVENT  # a search, a like, a visit
    return None


def _video(row: object) -> str | None:
    url = inner(row, "titleUrl")
    match = _WATCH.match(url) if isinstance(url, str) else None
    return match[1] if match else None


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None
