"""Which column of an unknown table is what: guessed by its name, corrected by the person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

FIELDS = {
    "started_at": (
        "ts timestamp date uts time playedat listenedat startedat starttime dateplayed playdate"
        " datetime datetimeutc scrobbledat scrobbletime datecreated eventstarttimestamp playedon"
    ),
    "ended_at": "endtime endedat stoppedat tsend playedatutc",
    "clock": "time timeofday clock hour",
    "title": "track trackname title song songtitle songname tracktitle name itemname recording",
    "artist": "artist artistname artists performer artistnames trackartist band creator",
    "album": "album albumname albumtitle release releasename",
    "album_artist": "albumartist albumartistname albumartists",
    "ms_played": (
        "msplayed listeningtime streamdurationms playduration durationplayed playedms playedfor"
        " secondsplayed playdurationmilliseconds listenedfor playtime"
    ),
    "length_ms": "duration durationms length trackduration tracklength lengthms durationseconds",
    "show": "show podcast podcastname episodeshowname",
    "spotify_id": "spotifytrackuri trackuri spotifyid spotifyuri trackid uri spotifytrackid",
    "isrc": "isrc",
    "mbid": "recordingmbid trackmbid mbid musicbrainzid musicbrainzrecordingid",
    "platform": "platform player client clientname mediaplayername",
}
_UNIT = re.compile(r"(in)?(ms|milliseconds|millis|seconds|secs)$")
_SYNONYMS = {name: synonyms.split() for name, synonyms in FIELDS.items()}


def plain(name: str) -> str:
    """A column's name by letters and digits alone."""
    return re.sub(r"[\W_]+", "", name).lower()


def guess(header: Sequence[str]) -> dict[str, str]:
    """Our field -> the file's column, the commonest synonym first."""
    by_name = {_UNIT.sub("", plain(name)): name for name in reversed(header)}
    by_name |= {plain(name): name for name in reversed(header)}
    found: dict[str, str] = {}
    for field, synonyms in _SYNONYMS.items():
        column = next((by_name[one] for one in synonyms if one in by_name), None)
        if column is not None and (field == "clock" or column not in found.values()):
            found[field] = column
    if found.get("clock") in (found.get("started_at"), None) or "date" not in by_name:
        found.pop("clock", None)
    if "ended_at" in found:
        found.pop("started_at", None)
    return found


def chosen(header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """What the person said, of columns and fields that there are."""
    return {field: name for field, name in mapping.items() if field in FIELDS and name in header}


def missing(mapping: Mapping[str, str]) -> list[str]:
    """What a play cannot be made without."""
    timed = "started_at" in mapping or "ended_at" in mapping
    wanted = [] if timed else ["started_at"]
    if not {"title", "spotify_id"} & mapping.keys():
        wanted.append("title")
    return wanted
