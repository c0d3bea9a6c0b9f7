"""This project's own exports come back as they were, from each of their forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audiospective.exports import files
from audiospective.exports.formats import FORMATS
from audiospective.imports.reasons import Reason
from audiospective.imports.sources import audiospective as source
from audiospective.policy.timing import Timing
from tests.exports import making
from tests.imports.reading_files import Outcome, ms, read, zipped

NOW = ms("2027-01-01")
ROW: dict[str, Any] = {
    "played_at": "2023-11-04T22:00:00.123Z",
    "local_time": "2023-11-04T23:00:00+01:00",
    "ms_played": 180_000,
    "source": "both",
    "played_from": "spotify:playlist:x",
    "shuffle": True,
    "private": False,
    "timing": "end",
    "track": {
        "name": "Slack Water",
        "artists": ["Ann", "Bo"],
        "album": "Quay",
        "kind": "track",
        "uri": "spotify:track:0aB1cD2eF3gH4iJ5kL6mN7",
        "isrc": "GBAYE8100053",
        "length_ms": 200_000,
    },
}


def document(*rows: Any) -> dict[str, bytes]:
    head = {"format": "audiospective", "version": 1, "owner": "alice", "plays": list(rows)}
    return {"plays.json": json.dumps(head).encode()}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_an_archive_comes_back_from_every_form(form: str, tmp_path: Path) -> None:
    plays = [*making.hard_plays(), *making.untakeable_plays()]
    user = making.archive(*plays)
    taken = making.taken(user, tmp_path)
    path = files.save(FORMATS[form], taken, tmp_path, compatible=False)
    outcome = read({path.name: path.read_bytes()}, now=NOW)
    assert outcome.sources == ["audiospective"]
    assert not outcome.broken
    assert outcome.rows == len(plays)
    assert not outcome.rejected, outcome.rejected
    wanted = taken.scan().join(taken.tracks.lazy(), on="track", how="left").collect()
    same(outcome, wanted)


def same(outcome: Outcome, wanted: pl.DataFrame) -> None:
    found = sorted(outcome.plays, key=lambda play: (play["ended_at"], play["title"] or ""))
    rows = wanted.with_columns(pl.col("played_at").to_physical()).to_dicts()
    rows.sort(key=lambda row: (row["played_at"], row["title"] or ""))
    for play, row in zip(found, rows, strict=True):
        assert play["ended_at"] == row["played_at"]
        assert play["title"] == (row["title"].strip() or None)
        assert play["artists"] == (row["artists"] or None)
        assert play["album"] == row["album"]
        assert play["kind"] == row["kind"]
        assert play["spotify_id"] == row["spotify_id"]
        for name in ("isrc", "ms_played", "context", "reason_end", "shuffle", "incognito"):
            assert play[name] == row[name], name
        assert play["length_ms"] == row["duration_ms"]


@pytest.mark.parametrize("timing", Timing)
def test_how_exactly_a_time_is_known_comes_back(timing: Timing) -> None:
    (play,) = read(document({**ROW, "timing": timing.name.lower()})).plays
    at = ms("2023-11-04T22:00:00") + 123
    began = play["started_at"]
    assert play["precision"] == timing.precision
    if timing.name.startswith("HEARD"):
        assert began == at - 180_000
    else:
        assert (began if timing.name.startswith("BEGAN") else play["ended_at"]) == at


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"played_at": None}, Reason.NO_TIME),
        ({"played_at": "2199-01-01T00:00:00Z"}, Reason.TIME_OUT_OF_RANGE),
        ({"track": {"kind": "track", "name": None}}, Reason.NO_TITLE),
    ],
)
def test_a_bad_play_is_rejected_alone(changes: dict[str, Any], reason: Reason) -> None:
    outcome = read(document(ROW, {**ROW, **changes}, 5, ROW))
    assert outcome.reasons == [reason, Reason.UNREADABLE_ROW]
    assert outcome.column("row") == [1, 4]


def test_a_play_of_nothing_known_is_one_of_an_unknown_item() -> None:
    outcome = read(document({**ROW, "track": None}))
    assert outcome.column("kind") == ["unknown"]


def parquet(tmp_path: Path, **columns: Any) -> dict[str, bytes]:
    path = tmp_path / "made.parquet"
    pl.DataFrame(columns).write_parquet(path)
    return {"plays.parquet": path.read_bytes()}


@pytest.mark.parametrize(
    "columns",
    [
        {"a": [1]},
        {"played_at": ["x"], "track": [1], "title": ["T"]},
        {"played_at": [{"a": 1}], "track": [1], "title": ["T"]},
    ],
)
def test_another_parquet_file_is_refused(tmp_path: Path, columns: dict[str, Any]) -> None:
    outcome = read(parquet(tmp_path, **columns))
    assert not outcome.plays
    assert outcome.sentences


def test_a_parquet_file_of_too_many_plays_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_MOST", 2)
    at = pl.Series([1_699_135_200_000] * 3).cast(pl.Datetime("ms", "UTC"))
    outcome = read(parquet(tmp_path, played_at=at, track=[1] * 3, title=["T"] * 3))
    assert "more than 2 plays" in outcome.sentences[0]


def test_texts_of_a_parquet_file_are_cut_before_they_are_taken_out(tmp_path: Path) -> None:
    at = pl.Series([1_699_135_200_000]).cast(pl.Datetime("ms", "UTC"))
    outcome = read(
        parquet(
            tmp_path,
            played_at=at,
            track=[1],
            title=["T" * 100_000],
            kind=["track"],
            artists=[["A" * 100_000] * 1_000],
        )
    )
    (play,) = outcome.plays
    assert (len(play["title"]), len(play["artists"])) == (1_000, 100)


def test_columns_of_other_types_cost_their_values_only(tmp_path: Path) -> None:
    columns = {"title": [5], "ms_played": ["x"], "artists": [[1, 2]], "kind": [True]}
    at = pl.Series([1_699_135_200_000]).cast(pl.Datetime("ms", "UTC"))
    outcome = read(parquet(tmp_path, played_at=at, track=[1], **columns))
    assert outcome.column("kind") == ["unknown"]


@pytest.mark.usefixtures("database")
def test_an_archive_without_plays_is_known_as_one_in_every_form(tmp_path: Path) -> None:
    taken = making.taken(making.archive(), tmp_path)
    found = {}
    for form in ("csv", "json", "parquet", "koito", "maloja", "spotify"):
        path = files.save(FORMATS[form], taken, tmp_path, compatible=False)
        outcome = read({path.name: path.read_bytes()}, now=NOW)
        assert (outcome.rows, outcome.broken) == (0, [])
        found[form] = (*outcome.sources, *outcome.sentences)
    assert found == {
        **dict.fromkeys(("csv", "json", "parquet"), ("audiospective",)),
        "koito": ("koito",),
        "maloja": ("maloja",),
        "spotify": (None, "A list with nothing in it: this file holds no plays."),
    }


def test_of_a_bundle_only_the_form_that_keeps_most_is_read(tmp_path: Path) -> None:
    at = pl.Series([1_699_135_200_000]).cast(pl.Datetime("ms", "UTC"))
    own = parquet(tmp_path, played_at=at, track=[1], title=["T"], kind=["track"], artists=[["A"]])
    maloja = b'{"maloja":{"export_time":1},"scrobbles":[{"time":1699135200,"origin":"x"}]}'
    content = zipped(
        {
            "audiospective-alice/archive/plays.parquet": own["plays.parquet"],
            "audiospective-alice/archive/plays.json": document(ROW)["plays.json"],
            "audiospective-alice/other-programs/maloja/maloja_export_1.json": maloja,
            "audiospective-alice/README.txt": b"The listening of alice",
        }
    )
    outcome = read({"audiospective-alice.zip": content})
    assert outcome.sources == ["audiospective", None, None, None]
    assert outcome.rows == 1
    assert sum("which is read instead" in one for one in outcome.sentences) == 2
