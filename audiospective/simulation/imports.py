"""Members bring files of their own past, say yes to what was found, and take some of it back.

The files are written here, so that what they must come to is known exactly: plays of an earlier
year, plays that polls archived already, and plays beside those that no page ever showed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

from audiospective import clock
from audiospective.imports import uploads
from audiospective.imports.uploads import Announced
from audiospective.models import User
from audiospective.models.imports import DONE, REVIEW, WORK, Import
from audiospective.simulation.seen import Key
from audiospective.simulation.timeline import DAY, MINUTE, SECOND

if TYPE_CHECKING:
    from audiospective.simulation.instance import Instance
    from audiospective.simulation.members import Member

PAST = clock.to_ms(datetime(2024, 5, 4, 18, tzinfo=UTC))
REPEATED = 41 * SECOND  # less than two sources may differ for one play


def bring(
    instance: Instance, member: Member, archived: set[Key], past: tuple[int, int] = (5, 60)
) -> None:
    """Send a file; `archived` is what polls have brought so far, `past` how many plays of a year
    before the archive it has at least and at most."""
    if member.import_id is not None:
        return
    chance = member.chance
    rows, new = _past(chance, instance, chance.randint(*past))
    settled = sorted(key for key in archived if key[0] < instance.timeline.ms - 2 * DAY)
    for at, track in chance.sample(settled, min(len(settled), 20)):
        second = at // SECOND * SECOND
        rows.append(_row(instance, second, track, 180 * SECOND))
        beside = (second + REPEATED, track)
        if _is_alone(archived, at, track):
            rows.append(_row(instance, *beside, REPEATED))
            new.add(beside)
    chance.shuffle(rows)
    data = orjson.dumps(rows)
    user = User.get_by_id(member.user_id)
    sent = uploads.begin(user, [Announced("Streaming_History_Audio_2024_0.json", len(data))])
    uploads.receive(instance.services, sent, 0, 0, data)
    member.import_id, member.imported = sent.id, new
    uploads.complete(instance.services, Import.get_by_id(sent.id))


def agree(instance: Instance, member: Member) -> None:
    """Say yes, if the file has been read."""
    row = _row_of(member)
    if row is not None and row.status == REVIEW:
        uploads.agree(instance.services, row)


def take_back(instance: Instance, member: Member) -> None:
    row = _row_of(member)
    if row is not None and row.status == DONE:
        uploads.take_back(instance.services, row)


def counts(member: Member) -> set[Key] | None:
    """The plays that the archive has from files; None while a worker is changing that."""
    row = _row_of(member)
    if row is None:
        return set()
    if row.status in WORK:
        return None
    return member.imported if row.status == DONE else set()


def _row_of(member: Member) -> Import | None:
    found: Import | None = Import.get_or_none(Import.id == (member.import_id or 0))
    return found


def _past(chance: Random, instance: Instance, count: int) -> tuple[list[dict[str, Any]], set[Key]]:
    tracks = list(instance.world.catalog.tracks)
    new = {(PAST + 4 * MINUTE * n, chance.choice(tracks)) for n in range(count)}
    return [_row(instance, at, track, 180 * SECOND) for at, track in sorted(new)], new


def _is_alone(archived: set[Key], at: int, track: str) -> bool:
    near = range(at - 10 * MINUTE, at + 10 * MINUTE + 1)
    return sum(key[1] == track and key[0] in near for key in archived) == 1


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
