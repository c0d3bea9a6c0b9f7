"""Whoever brings an export to another archive finds there what was known in the first one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audiospective import history
from audiospective.exports import files
from audiospective.exports.formats import FORMATS
from audiospective.history.catalog import track_facts
from audiospective.models import User
from audiospective.services import Services
from tests.exports import making
from tests.imports.importing import done

CREDITS = [
    ["Ann, Bo"],
    ["Ann", "Bo"],
    ["Ann & Bo, Jr.", 'The "Who"'],
    ["Now; Here", "Steins;Gate;", "x"],
    ["=SUM(1)", "Tyler, The Creator"],
]
START = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("form", ["csv", "json", "parquet", "listenbrainz"])
def test_artists_that_are_listed_one_by_one_stay_apart(
    form: str, services: Services, tmp_path: Path
) -> None:
    plays = [
        making.imported(
            START + timedelta(hours=number),
            making.song(f"Song {number}", *artists, spotify_id=None),
        )
        for number, artists in enumerate(CREDITS)
    ]
    path = files.save(
        FORMATS[form],
        making.taken(making.archive(*plays), tmp_path),
        tmp_path,
        compatible=form == "listenbrainz",
    )
    bob = making.archive(name="bob")
    done(services, User.get_by_id(bob), {path.name: path.read_bytes()})
    told = history.frame(bob).sort("played_at")
    assert told.height == len(plays)
    assert not set(told["track"]) & {play["track"] for play in plays}
    credited = told.select("track").join(
        track_facts.of(told["track"]), on="track", how="left", maintain_order="left"
    )
    assert credited["artists"].to_list() == CREDITS


@pytest.mark.usefixtures("at_once")
def test_files_for_other_programs_bring_no_play_twice_to_the_archive_they_are_of(
    services: Services, tmp_path: Path
) -> None:
    song = making.song("Ebb", "Ann", "Bo")
    polled = [making.polled(START + timedelta(hours=number), song) for number in range(3)]
    told = [making.imported(START + timedelta(days=1, hours=number), song) for number in range(3)]
    began = [{**one, "ms_played": None, "timing": 5} for one in told]
    for one in began:
        one["played_at"] += 12 * 3_600_000
    alice = making.archive(*polled, *told, *began)
    for form in ("koito", "listenbrainz", "maloja"):
        taken = making.taken(alice, tmp_path)
        path = files.save(FORMATS[form], taken, tmp_path, compatible=False)
        row = done(services, User.get_by_id(alice), {path.name: path.read_bytes()})
        assert (form, row.rows, row.added, history.total(alice)) == (form, 9, 0, 9)
