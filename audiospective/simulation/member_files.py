"""Members bring files of their own past, say yes to what was found, and take some of it back.

The files are written here, so that what they must come to is known exactly: plays of an earlier
year, plays that polls archived already, and plays beside those that no page ever showed. Some send
one first whose end is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

from audiospective import clock
from audiospective.imports import storing, uploads
from audiospective.imports.uploads import Announced
from audiospective.models import User, database
from audiospective.models.imports import (
    CANCELLED,
    DONE,
    FAILED,
    REVIEW,
    UNDOING,
    UNDONE,
    UPLOADING,
    WORK,
    Import,
    ImportFile,
)
from audiospective.simulation.spotify_side import Key
from audiospective.simulation.timeline import DAY, MINUTE, SECOND

if TYPE_CHECKING:
    from audiospective.simulation.instance import Instance
    from audiospective.simulation.members import Member

PAST = clock.to_ms(datetime(2024, 5, 4, 18, tzinfo=UTC))
REPEATED = 41 * SECOND  # less than two sources may differ for one play
NAME = "Streaming_History_Audio_2024_0.json"


def bring(
    instance: Instance,
    member: Member,
    archived: set[Key],
    past: tuple[int, int] = (5, 60),
    *,
    whole: bool = True,
) -> None:
    """Send a file; `archived` is what polls have brought so far, `past` how many plays of a year
    before the archive it has at least and at most. Without being `whole` it cannot be read.
    Nothing is sent while one before it counts or may still come to count."""
    if member.import_id is not None and _state(member)[0] not in (FAILED, UNDONE, CANCELLED):
        return
    chance = member.chance
    rows, new = _past(chance, instance, chance.randint(*past))
    settled = sorted(key for key in archived if key[0] < instance.timeline.ms - 2 * DAY)
    for at, track in chance.sample(settled, min(len(settled), 20)):
        second = at // SECOND * SECOND
        rows.append(_row(instance, second, track, 180 * SECOND))
        beside = (second + REPEATED, track)
        if _is_alone(instance, archived, at, track):
            rows.append(_row(instance, *beside, REPEATED))
            new.add(beside)
    chance.shuffle(rows)
    data = orjson.dumps(rows)
    data = data if whole else data[: len(data) // 2]
    sent = uploads.begin(User.get_by_id(member.user_id), [Announced(NAME, len(data))])
    member.import_id, member.imported = sent.id, new
    member.file, member.file_is_whole = data, whole
    go_on(instance, member)


def go_on(instance: Instance, member: Member) -> None:
    """Send what has not arrived, or say yes if the file has been read."""
    row = _row_of(member)
    if row is not None and row.status == UPLOADING:
        at = ImportFile.get(ImportFile.owner == row.id).received
        uploads.receive(instance.services, row, 0, at, member.file[at:])
        uploads.complete(instance.services, row)
    if row is not None and row.status == REVIEW:
        uploads.agree(instance.services, row)


def take_back(instance: Instance, member: Member) -> None:
    row = _row_of(member)
    if row is not None and row.status == DONE:
        uploads.take_back(instance.services, row)


def counts(member: Member) -> set[Key]:
    """The plays that the archive has from files: all of them or none, at any time."""
    return member.imported if _state(member)[0] in (DONE, UNDOING) else set()


def troubles(member: Member) -> Iterator[str]:
    """Files that were refused though they can be read, or taken though they cannot."""
    status, error = _state(member)
    if status == FAILED and member.file_is_whole:
        yield f"member {member.user_id}: an import failed though its file is good: {error}"
    if status == DONE and error:
        yield f"member {member.user_id}: an import cannot be taken back: {error}"
    if status in (REVIEW, DONE) and not member.file_is_whole:
        yield f"member {member.user_id}: half a file is taken for a whole one"


def unfinished(instance: Instance, member: Member, late: datetime) -> Iterator[str]:
    """Imports for which a worker should have done something since `late`, and what they left."""
    row = _row_of(member)
    if row is None or row.changed_at >= late:
        return
    if row.status in WORK:
        yield f"member {member.user_id}: an import is {row.status} since {row.changed_at}"
    elif row.status != UPLOADING:
        left = [one.key for one in instance.services.storage.list(storing.home(row))]
        if any("/file-" in key for key in left) or (left and row.status not in (REVIEW, DONE)):
            yield f"member {member.user_id}: an import ({row.status}) left {left[0]} in storage"


def _state(member: Member) -> tuple[str, str | None]:
    """The import's status and what is said of it; asked of everybody every day."""
    if member.import_id is None:
        return "", None
    status, error = database.execute_sql(
        f"SELECT status, error FROM imports WHERE id = {int(member.import_id)}"  # noqa: S608
    ).fetchone()
    return str(status), error


def _row_of(member: Member) -> Import | None:
    found: Import | None = Import.get_or_none(Import.id == (member.import_id or 0))
    return found


def _past(chance: Random, instance: Instance, count: int) -> tuple[list[dict[str, Any]], set[Key]]:
    tracks = list(instance.world.catalog.tracks)
    new = {(PAST + 4 * MINUTE * n, chance.choice(tracks)) for n in range(count)}
    return [_row(instance, at, track, 180 * SECOND) for at, track in sorted(new)], new


def _is_alone(instance: Instance, archived: set[Key], at: int, track: str) -> bool:
    """Whether no other play of the song is near, not even under the id of a reissue."""
    near = range(at - 10 * MINUTE, at + 10 * MINUTE + 1)
    song = _song(instance, track)
    return sum(key[0] in near and _song(instance, key[1]) == song for key in archived) == 1


def _song(instance: Instance, track: str) -> tuple[str, str]:
    """Title without remarks, and first artist: what the product goes by where ids differ."""
    found = instance.world.catalog.tracks[track]
    title = found.name.partition(" (")[0].partition(" - ")[0]
    return title.casefold(), found.album.artists[0].name


def _row(instance: Instance, ended: int, track: str, heard: int) -> dict[str, Any]:
    found = instance.world.catalog.tracks[track]
    return {
        "ts": clock.from_ms(ended).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "platform": "ios",
        "ms_played": heard,
        "conn_country": "SE",
        "ip_addr": "203.0.113.7",
        "master_metadata_track_name": found.name,
        "master_metadata_album_artist_name": found.album.artists[0].name,
        "master_metadata_album_album_name": found.album.name,
        "spotify_track_uri": f"spotify:track:{track}",
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
    }
