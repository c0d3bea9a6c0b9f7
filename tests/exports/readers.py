"""The rules by which other programs take rows of an import, as their sources have them.

Each function returns what the program would store; a row that it would skip is not among it, and
what would stop it raises. Sources: metabrainz/listenbrainz-server (listens_importer, api_tools),
gabehf/Koito (internal/importer), krateng/maloja (import_scrobbles), Yooooomi/your_spotify (the
importer of full privacy data).
"""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

LB_EARLIEST = datetime(2002, 10, 1, tzinfo=UTC).timestamp()
LB_SKIPS = (
    None, "fwdbtn", "backbtn", "clickrow", "clickside", "endplay", "playbtn", "remote", "logout",
    "popup", "trackerror", "unexpected-exit", "unexpected-exit-while-paused", "unknown",
)  # fmt: skip


class RefusedError(Exception):
    """The program would stop here."""


def listenbrainz(path: Path) -> list[dict[str, Any]]:
    """ListenBrainz' import of its own export: every line passes the validator of its API."""
    return [_listen(json.loads(line)) for line in _lines(path)]


def _listen(listen: dict[str, Any]) -> dict[str, Any]:
    listen.pop("inserted_at", None)
    assert listen.keys() == {"listened_at", "track_metadata"}
    assert type(listen["listened_at"]) is int
    assert listen["listened_at"] >= LB_EARLIEST
    facts = listen["track_metadata"]
    assert facts.keys() <= {"artist_name", "track_name", "release_name", "additional_info"}
    for key in ("artist_name", "track_name", "release_name"):
        if key in facts or key != "release_name":
            assert isinstance(facts[key], str)
            assert facts[key].strip()
    more = facts["additional_info"]
    assert None not in more.values()
    assert not ("duration" in more and "duration_ms" in more)
    if "duration_ms" in more:
        assert type(more["duration_ms"]) is int
        assert 0 < more["duration_ms"] <= 24 * 24 * 3600 * 1000
    assert all(isinstance(name, str) and name for name in more["artist_names"])
    text = json.dumps(listen, ensure_ascii=False)
    assert "\\u0000" not in text
    assert len(text.encode()) <= 10_240
    return listen


def _lines(path: Path) -> list[bytes]:
    found = []
    with ZipFile(path) as archive:
        for name in archive.namelist():
            if name.lower().endswith(".jsonl"):
                assert name.startswith("listens/")
                lines = archive.read(name).split(b"\n")
                assert lines.pop() == b""
                assert all(len(line) < 64 * 1024 for line in lines)
                found += lines
    return found


def koito_listenbrainz(path: Path) -> list[dict[str, Any]]:
    """Koito's reading of the same zip: Go's decoder wants whole numbers."""
    assert "listenbrainz" in path.name
    rows = []
    for line in _lines(path):
        listen = json.loads(line)
        facts = listen["track_metadata"]
        assert type(listen["listened_at"]) is int
        assert facts["artist_name"]
        assert facts["track_name"]
        assert all(type(name) is str for name in facts["additional_info"]["artist_names"])
        rows.append(listen)
    return rows


def koito(path: Path) -> list[dict[str, Any]]:
    """Koito's import of its own export; a listen without an artist crashes it."""
    assert path.name.startswith("koito")
    document = json.loads(path.read_text("utf-8"))
    if document["version"] != "1":
        raise RefusedError(document["version"])
    for listen in document["listens"]:
        datetime.strptime(listen["listened_at"], "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007
        assert type(listen["track"]["duration"]) is int
        if not listen["artists"]:
            raise RefusedError("no artists")
        for item in (listen["track"], listen["album"], *listen["artists"]):
            assert item["mbid"] is None
            primary = [alias["alias"] for alias in item["aliases"] if alias["is_primary"]]
            assert primary
            assert primary[0]
    found: list[dict[str, Any]] = document["listens"]
    return found


def maloja(path: Path) -> list[dict[str, Any]]:
    """Maloja's import of its own export; it keeps one scrobble a second."""
    assert path.name.startswith("maloja_export_")
    document = json.loads(path.read_text("utf-8"))
    assert "maloja" in document
    taken: dict[int, dict[str, Any]] = {}
    for scrobble in document["scrobbles"]:
        assert type(scrobble["time"]) is int
        track = scrobble["track"]
        assert track["title"]
        assert track["artists"]
        assert all(track["artists"])
        assert {"length", "album"} <= track.keys()
        assert "duration" in scrobble
        assert track["album"] is None or track["album"]["albumtitle"]
        taken.setdefault(scrobble["time"], scrobble)
    return list(taken.values())


def spotify_rows(path: Path) -> list[dict[str, Any]]:
    """All rows of the extended form, file by file."""
    rows: list[dict[str, Any]] = []
    with ZipFile(path) as archive:
        assert len(archive.namelist()) <= 500
        for name in archive.namelist():
            base = name.rsplit("/", 1)[-1].lower()
            if base.endswith(".json") and ("audio" in base or "endsong" in base):
                body = archive.read(name)
                assert len(body) <= 12_800_000
                rows += json.loads(body)
    return rows


def listenbrainz_spotify(path: Path) -> list[dict[str, Any]]:
    """ListenBrainz' import of the extended form."""
    taken = []
    for row in spotify_rows(path):
        datetime.strptime(row["ts"], "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007
        try:
            short = row.get("ms_played", 0) < 30_000
            if row.get("incognito_mode") or (
                short and (row.get("skipped") or row["reason_end"] in LB_SKIPS)
            ):
                continue
            row["spotify_track_uri"].split(":")[2]
        except (TypeError, AttributeError):
            continue
        if row["master_metadata_album_artist_name"] and row["master_metadata_track_name"]:
            taken.append(row)
    return taken


def koito_spotify(path: Path) -> list[dict[str, Any]]:
    """Koito's import of the extended form."""
    return [
        row
        for row in spotify_rows(path)
        if row["reason_end"] == "trackdone"
        and row["master_metadata_track_name"]
        and row["master_metadata_album_artist_name"]
    ]


def your_spotify(path: Path) -> list[dict[str, Any]]:
    """your_spotify's import of the extended form: keys there, 30 s heard, an id to look up."""
    taken = []
    for row in spotify_rows(path):
        for key in ("master_metadata_track_name", "master_metadata_album_artist_name"):
            assert key in row
        named = row["spotify_track_uri"] and row["master_metadata_track_name"]
        if named and type(row["ms_played"]) is int and row["ms_played"] >= 30_000:
            taken.append(row)
    return taken


def recent_tracks(path: Path) -> list[dict[str, str]]:
    """Readers of the exporters' CSV: Maloja, and viewers that go by the header."""
    assert path.name.startswith("recenttracks-")
    table = csv.DictReader(io.StringIO(path.read_text("utf-8"), newline=""), strict=True)
    rows = list(table)
    for row in rows:
        assert None not in row
        assert int(row["uts"]) > 0
        assert row["artist"]
        assert row["track"]
        datetime.strptime(row["utc_time"], "%d %b %Y, %H:%M")  # noqa: DTZ007
    return rows
