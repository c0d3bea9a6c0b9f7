"""Reads a page of recently played items: every item becomes a play or is kept as unreadable."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from audiospective import clock
from audiospective.policy.gaps import PAGE
from audiospective.policy.plays import (
    AlbumFacts,
    ArtistFacts,
    Page,
    PolledPlay,
    TrackFacts,
    Unreadable,
)

_PLAYED_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_TOO_FINE = re.compile(r"(\.\d{6})\d+")
_FINEST = len("2026-01-31T23:59:59.123456Z")
_LATEST = clock.to_ms(datetime(9999, 1, 1, tzinfo=UTC))  # later days are none in every zone
_KINDS = ("track", "episode", "chapter")
RAW_LIMIT = 16_384  # characters of an unreadable item that are kept
SAFE_PICTURES = ("https://", "http://127.0.0.1:")
TEXT_LIMIT = 2_000  # characters of a name
ID_LIMIT = 64  # letters and digits


class MalformedPageError(Exception):
    """The body is no page of plays: nothing may be concluded from it, nothing moves."""


class _MisfitError(Exception):
    pass


def read_page(body: bytes) -> Page:
    """Parse the body of a 200 answer; raises MalformedPageError unless it holds a list of items.

    `{"items": []}` is an answer; an empty body, HTML, `null`, `[]` or a cut-off body is not.
    """
    document = _document(body)
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise MalformedPageError("the answer holds no list of plays")
    plays: list[PolledPlay] = []
    unreadable: list[Unreadable] = []
    for item in document["items"]:
        try:
            plays.append(_play(item))
        except _MisfitError as misfit:
            unreadable.append(_keep(item, str(misfit)))
    limit = _whole(document.get("limit"), PAGE) or PAGE
    return Page(tuple(plays), tuple(unreadable), len(document["items"]), limit)


def _document(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:  # half of a surrogate pair in a name is refused there, and must not cost the page
        return json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedPageError("the answer is not JSON") from None


def instant_ms(text: object) -> int:
    """UTC milliseconds of an ISO 8601 time with zone; raises ValueError for anything else."""
    if not isinstance(text, str) or not _PLAYED_AT.fullmatch(text):
        raise ValueError("not an ISO 8601 time")
    # Python reads at most microseconds; Spotify sends milliseconds.
    whole = _TOO_FINE.sub(r"\1", text) if len(text) > _FINEST else text
    instant = datetime.fromisoformat(whole)
    return clock.to_ms(instant if text.endswith("Z") else instant.astimezone(UTC))


def _play(item: object) -> PolledPlay:
    if not isinstance(item, dict):
        raise _MisfitError("the item is no object")
    played_at = _played_at(item)
    context = item.get("context")
    uri = context.get("uri") if isinstance(context, dict) else None
    track = _track(item.get("track"))
    linked = item["track"].get("linked_from")
    linked_from = _identity(linked) if isinstance(linked, dict) else None
    return PolledPlay(
        played_at, track, _text(uri), linked_from if linked_from != track.spotify_id else None
    )


def _played_at(item: Mapping[str, Any]) -> int:
    try:
        played_at = instant_ms(item.get("played_at"))
    except (ValueError, OverflowError):
        raise _MisfitError("played_at is missing or no time") from None
    if played_at <= 0:
        raise _MisfitError("played_at lies before 1970")
    if played_at >= _LATEST:
        raise _MisfitError("played_at lies after 9998")
    return played_at


def _track(found: object) -> TrackFacts:
    if not isinstance(found, dict):
        raise _MisfitError("the track is missing")
    spotify_id = _identity(found)
    if spotify_id is None:
        raise _MisfitError("the track has no id (a local file?)")
    kind = found.get("type")
    external = found.get("external_ids")
    return TrackFacts(
        spotify_id=spotify_id,
        name=_text(found.get("name")) or "",
        kind=kind if kind in _KINDS else "track",
        artists=_artists(found.get("artists")),
        album=_album(found.get("album")),
        duration_ms=_whole(found.get("duration_ms")),
        explicit=found["explicit"] if isinstance(found.get("explicit"), bool) else None,
        isrc=_text(external.get("isrc")) if isinstance(external, dict) else None,
        disc_number=_whole(found.get("disc_number"), 32_767),
        track_number=_whole(found.get("track_number"), 32_767),
    )


def _artists(found: object) -> tuple[ArtistFacts, ...]:
    artists: dict[str, ArtistFacts] = {}
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and (spotify_id := _identity(one)):
            artists.setdefault(spotify_id, ArtistFacts(spotify_id, _text(one.get("name")) or ""))
    return tuple(artists.values())


def _album(found: object) -> AlbumFacts | None:
    if not isinstance(found, dict) or (spotify_id := _identity(found)) is None:
        return None
    return AlbumFacts(
        spotify_id=spotify_id,
        name=_text(found.get("name")) or "",  # Spotify empties the name of a removed album
        album_type=_text(found.get("album_type")),
        release_date=_text(found.get("release_date")),
        release_date_precision=_text(found.get("release_date_precision")),
        total_tracks=_whole(found.get("total_tracks")),
        image_url=_image(found.get("images")),
    )


def _image(found: object) -> str | None:
    """The picture nearest to 300 pixels, https only but for a stand-in on this machine."""
    images = [
        (abs((_whole(one.get("width")) or 0) - 300), url)
        for one in (found if isinstance(found, list) else ())
        if isinstance(one, dict) and (url := _text(one.get("url")) or "").startswith(SAFE_PICTURES)
    ]
    return min(images)[1] if images else None


def _identity(found: Mapping[str, Any]) -> str | None:
    value = found.get("id")
    if not isinstance(value, str) or not 0 < len(value) <= ID_LIMIT:
        return None
    return value if value.isascii() and value.isalnum() else None


def _text(value: object) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    if value.isascii() and "\x00" not in value:  # most are, and a page has hundreds
        return value[:TEXT_LIMIT]
    # PostgreSQL stores neither NUL nor lone surrogates.
    clean = value.replace("\x00", "").encode("utf-8", "replace").decode()
    return clean[:TEXT_LIMIT] or None


def _whole(value: object, largest: int = 2_147_483_647) -> int | None:
    # No subclass of it: true and false are no numbers.
    return value if type(value) is int and 0 <= value <= largest else None


def _keep(item: object, reason: str) -> Unreadable:
    try:
        raw = json.dumps(item, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        raw = '"an item that is nested too deeply to be written down"'
    digest = hashlib.sha256(raw.encode()).hexdigest()
    try:
        played_at = _played_at(item) if isinstance(item, dict) else None
    except _MisfitError:
        played_at = None
    return Unreadable(digest, reason, raw.replace("\\u0000", "")[:RAW_LIMIT], played_at)
