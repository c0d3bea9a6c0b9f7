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
