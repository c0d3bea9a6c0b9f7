"""Brings files into a member's archive as the pages and workers do, one step after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from audiospective.imports import child, import_job, reading_step, sending, uploads
from audiospective.imports.choices import Choices
from audiospective.imports.findings import Findings
from audiospective.imports.uploads import Announced
from audiospective.models import User
from audiospective.models.imports import WORK, Import
from audiospective.services import Services
from tests.imports.reading_files import as_json

DAY = "2025-03-"


def without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files stripped and read in this very process."""

    def run(order: child.Order, tick: Callable[[int], None], _seconds: float = 0) -> Findings:
        found = child.strip(order) if order.strip else child.read(order)
        tick(sum(file.rows for file in found.files))
        return found

    monkeypatch.setattr(reading_step, "run", run)
    monkeypatch.setattr(sending, "run", run)
    monkeypatch.setattr(child, "_tell", lambda rows: None)


def sent(services: Services, user: User, files: Mapping[str, bytes]) -> Import:
    """An import whose files have arrived."""
    row = uploads.begin(user, [Announced(name, len(data)) for name, data in files.items()])
    for number, data in enumerate(files.values()):
        uploads.receive(services, row, number, 0, data)
    uploads.complete(services, row)
    return fresh(row)


def worked(services: Services, row: Import) -> Import:
    """The import after a worker did what was to be done."""
    for _ in range(5):
        if fresh(row).status not in WORK:
            break
        import_job.work(services, row.id)
    return fresh(row)


def reviewed(services: Services, user: User, files: Mapping[str, bytes], **choices: Any) -> Import:
    row = worked(services, sent(services, user, files))
    if choices:
        uploads.choose(services, row, Choices(**choices))
        row = worked(services, row)
    return row


def done(services: Services, user: User, files: Mapping[str, bytes], **choices: Any) -> Import:
    row = reviewed(services, user, files, **choices)
    uploads.agree(services, row)
    return worked(services, row)


def undone(services: Services, row: Import) -> Import:
    uploads.take_back(services, row)
    return worked(services, row)


def fresh(row: Import) -> Import:
    found: Import = Import.get_by_id(row.id)
    return found


def spotify_row(ts: str, song: int = 1, **values: Any) -> dict[str, Any]:
    """A row of the extended history; `ts` is the end."""
    return {
        "ts": ts,
        "platform": "ios",
        "ms_played": 180_000,
        "conn_country": "SE",
        "ip_addr": "203.0.113.7",
        "master_metadata_track_name": f"Song {song}",
        "master_metadata_album_artist_name": f"Artist {song % 3}",
        "master_metadata_album_album_name": f"Album {song % 2}",
        "spotify_track_uri": f"spotify:track:{song:022d}",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": False,
        "skipped": False,
        "offline": False,
        "offline_timestamp": None,
        "incognito_mode": False,
        **values,
    }


def spotify_file(*rows: dict[str, Any], name: str = "endsong_0.json") -> dict[str, bytes]:
    return {name: as_json(list(rows))}


def month(days: range = range(1, 29), hour: int = 20) -> list[dict[str, Any]]:
    """Two plays each evening of March 2025."""
    return [
        spotify_row(f"{DAY}{day:02d}T{hour}:{minute:02d}:00Z", song=day % 5 + 1)
        for day in days
        for minute in (3, 6)
    ]


def lastfm_file(*plays: tuple[int, int], name: str = "recenttracks-a-1.csv") -> dict[str, bytes]:
    """(seconds at which it began, song)."""
    lines = ["uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid"]
    lines += [
        f'"{at}","x","Artist {song % 3}","","Album {song % 2}","","Song {song}",""'
        for at, song in plays
    ]
    return {name: "\n".join(lines).encode()}
