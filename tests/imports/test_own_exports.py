"""Whoever brings an export to another archive finds there what was known in the first one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audiospective import history
from audiospective.exports import files, frames
from audiospective.exports.formats import FORMATS
from audiospective.history.catalog import track_facts
from audiospective.models import User
from audiospective.policy.timing import BY_HEARD, BY_START, Timing
from audiospective.services import Services
from tests.exports import making
from tests.imports.importing import done, spotify_file, spotify_row

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


def _of_every_timing(song: int) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """A play of each, a week apart, and Spotify's own file with all of them."""
    plays, rows = [], []
    for timing in Timing:
        began = START + timedelta(weeks=int(timing), hours=9, minutes=3, seconds=20)
        ended = began + timedelta(milliseconds=180_450)
        known = began if timing in BY_START else ended
        at = int(known.timestamp() * 1000)
        if timing in BY_HEARD:
            at = int(began.timestamp()) * 1000 // timing.precision * timing.precision + 180_450
        else:
            at = at // timing.precision * timing.precision
        heard = None if timing in BY_START else 180_450
        play = making.imported(known, song, ms_played=heard, timing=int(timing))
        plays.append({**play, "played_at": at})
        rows.append(
            spotify_row(
                f"{ended:%Y-%m-%dT%H:%M:%SZ}",
                song,
                ms_played=180_450,
                master_metadata_track_name="Ebb",
                master_metadata_album_artist_name="Ann",
                master_metadata_album_album_name="An Album",
            )
        )
    return plays, spotify_file(*rows)


def _timings(user_id: int) -> list[int | None]:
    return history.frame(user_id).sort("played_at")["timing"].to_list()


@pytest.mark.usefixtures("at_once")
def test_files_for_other_programs_change_nothing_in_the_archive_they_are_of(
    services: Services, tmp_path: Path
) -> None:
    song = making.song("Ebb", "Ann")
    plays, spotify = _of_every_timing(song)
    polled = [making.polled(START - timedelta(hours=number), song) for number in range(3)]
    alice = making.archive(*polled, *plays)
    taken = making.taken(alice, tmp_path)
    for form in ("koito", "listenbrainz", "maloja"):
        path = files.save(FORMATS[form], taken, tmp_path, compatible=False)
        row = done(services, User.get_by_id(alice), {path.name: path.read_bytes()})
        assert (form, row.rows, row.added) == (form, 12, 0)
        assert (form, _timings(alice)) == (form, [None] * 3 + list(Timing))
    assert done(services, User.get_by_id(alice), spotify).added == 0


@pytest.mark.usefixtures("at_once")
def test_a_file_that_does_not_say_what_its_times_are_makes_no_end_of_a_beginning(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "SENDER", pl.lit("audiospective"))
    plays, _ = _of_every_timing(making.song("Ebb", "Ann"))
    alice = making.archive(*plays)
    taken = making.taken(alice, tmp_path)
    for form in ("koito", "listenbrainz", "maloja", "spotify"):
        path = files.save(FORMATS[form], taken, tmp_path, compatible=False)
        row = done(services, User.get_by_id(alice), {path.name: path.read_bytes()})
        assert (form, row.rows, row.added) == (form, 9, 0)
        told = dict(zip(Timing, _timings(alice), strict=True))
        # In Spotify's form what is an end is the one that Spotify tells.
        kept = BY_START if form == "spotify" else tuple(Timing)
        assert (form, [told[one] for one in kept]) == (form, list(kept))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("form", ["koito", "listenbrainz", "maloja"])
def test_what_is_known_of_a_time_comes_to_another_archive(
    form: str, services: Services, tmp_path: Path
) -> None:
    plays, spotify = _of_every_timing(making.song("Ebb", "Ann"))
    taken = making.taken(making.archive(*plays), tmp_path)
    path = files.save(FORMATS[form], taken, tmp_path, compatible=False)
    bob = making.archive(name="bob")
    done(services, User.get_by_id(bob), {path.name: path.read_bytes()})
    expected = {one: int(one) for one in Timing}
    expected[Timing.END] = int(Timing.END_SECOND)  # they have whole seconds
    if form == "koito":  # and this one no time heard
        expected |= {Timing.HEARD: int(Timing.END_SECOND)}
        expected |= {Timing.HEARD_MINUTE: int(Timing.END_MINUTE)}
    assert dict(zip(Timing, _timings(bob), strict=True)) == expected
    assert done(services, User.get_by_id(bob), spotify).added == 0
