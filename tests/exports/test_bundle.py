"""The bundle: everything is in it, the checksums are right, and what it says of gaps is true."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from audiospective import clock
from audiospective.exports.bundle import completeness, counting, page, writing
from audiospective.exports.formats import FORMATS
from audiospective.history import removal, segment
from audiospective.models import UnreadablePlay, User
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.policy import in_words
from tests.exports.making import NOW, OWNER, archive, hard_plays, plays_of, taken, untakeable_plays

pytestmark = pytest.mark.usefixtures("database")

BEGAN = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def alice() -> int:
    user_id = archive(*hard_plays(), *untakeable_plays())
    Coverage.create(user=user_id, started_at=BEGAN, ended_at=datetime(2025, 3, 1, tzinfo=UTC))
    Coverage.create(user=user_id, started_at=datetime(2025, 3, 3, tzinfo=UTC), ended_at=NOW)
    Gap.create(
        user=user_id,
        started_at=datetime(2025, 3, 1, tzinfo=UTC),
        probably_from=datetime(2025, 3, 1, tzinfo=UTC),
        ended_at=datetime(2025, 3, 3, tzinfo=UTC),
        cause="outage",
        certainty="possible",
        opened_at=datetime(2025, 3, 3, tzinfo=UTC),
    )
    return user_id


@pytest.fixture
def bundle(alice: int, tmp_path: Path) -> dict[str, bytes]:
    """The files of alice's bundle by their path in its folder."""
    return unpacked(write(alice, tmp_path))


def write(user_id: int, folder: Path, **more: int) -> Path:
    user = User.get_by_id(user_id)
    return writing.write(user, taken(user_id, folder), folder, statistics=True, **more)


def unpacked(path: Path) -> dict[str, bytes]:
    with ZipFile(path) as zipped:
        assert zipped.testzip() is None
        top = path.stem
        return {
            name.removeprefix(f"{top}/"): zipped.read(name)
            for name in zipped.namelist()
            if name.startswith(f"{top}/")
        }


def test_it_is_one_folder_named_after_its_owner_and_day(alice: int, tmp_path: Path) -> None:
    path = write(alice, tmp_path)
    assert path.name == "audiospective-Juniper-Vale-2026-11-29.zip"
    with ZipFile(path) as zipped:
        assert {name.split("/")[0] for name in zipped.namelist()} == {path.stem}


def test_a_choice_that_only_a_newer_release_knows_counts_as_none(alice: int) -> None:
    User.update(counting_rule="of_a_newer_release", counting_measure="beats").execute()
    assert counting.of(User.get_by_id(alice)) == counting.Counted()


def test_every_format_is_in_it(bundle: dict[str, bytes]) -> None:
    for name in FORMATS:
        where = f"archive/plays.{name}" if name in writing.OWN else f"other-programs/{name}/"
        assert any(path.startswith(where) for path in bundle), name
    assert {"index.html", "README.txt", "SHA256SUMS", "archive/gaps.csv"} <= bundle.keys()


def test_the_checksums_are_those_of_all_files(bundle: dict[str, bytes]) -> None:
    sums = dict(
        reversed(line.split("  ", 1)) for line in bundle.pop("SHA256SUMS").decode().splitlines()
    )
    assert sums == {path: hashlib.sha256(body).hexdigest() for path, body in bundle.items()}


def test_the_readme_names_every_file_and_every_gap(bundle: dict[str, bytes]) -> None:
    text = bundle["README.txt"].decode()
    for path in bundle.keys() - {"README.txt"}:
        assert path in text
    assert "2025-03-01 01:00 to 2025-03-03 01:00  Spotify did not answer (open)" in text
    assert "two weeks" in text


def test_the_readme_speaks_of_gaps_only_where_there_are_some(alice: int, tmp_path: Path) -> None:
    assert "the one before it, but for these gaps. Earlier" in readme(alice, tmp_path / "with")
    Gap.delete().execute()
    without = readme(alice, tmp_path / "without")
    assert "the one before it. Earlier plays" in without
    assert "No gap is known." in without


def readme(user_id: int, folder: Path) -> str:
    folder.mkdir()
    return unpacked(write(user_id, folder))["README.txt"].decode()


def test_the_gaps_are_a_table_and_a_share_of_the_time(
    alice: int, bundle: dict[str, bytes], tmp_path: Path
) -> None:
    (gap,) = csv.DictReader(bundle["archive/gaps.csv"].decode("utf-8-sig").splitlines())
    assert (gap["from"], gap["to"]) == ("2025-03-01T00:00:00Z", "2025-03-03T00:00:00Z")
    known = completeness.known(taken(alice, tmp_path))
    assert known.share == pytest.approx(1 - timedelta(days=2) / (NOW - BEGAN))
    assert "99.7\u00a0%" not in bundle["README.txt"].decode()
    assert f"{in_words.percent(known.share)} % is known" in bundle["README.txt"].decode()


@pytest.mark.parametrize(("hours", "told"), [(23, False), (24 * 70, True)])
def test_the_time_since_checks_ended_is_not_called_known(
    alice: int, tmp_path: Path, hours: int, told: bool
) -> None:
    """As on the site: a bundle is often made when an archive has stopped, or its member leaves."""
    Gap.delete().execute()
    Coverage.delete().execute()
    stopped = NOW - timedelta(hours=hours)
    Coverage.create(user=alice, started_at=BEGAN, ended_at=stopped)
    made = unpacked(write(alice, tmp_path))
    gaps = list(csv.DictReader(made["archive/gaps.csv"].decode("utf-8-sig").splitlines()))
    text, page = made["README.txt"].decode(), made["index.html"].decode()
    assert [gap["why"] for gap in gaps] == ["No check succeeded any more"] * told
    assert ("No gap is known" in text) == ("No gap is known" in page) == (not told)
    assert ("No check succeeded any more (open)" in text) == told
    assert ("to 20 September 2026 Spotify was asked" in page) == told
    assert ("from 1 January 2025 to 20 September 2026." in text) == told
    assert ("\n100 % is known" in text) == (not told)
    meta = json.loads(page.partition('id="meta">')[2].partition("</script>")[0])
    spans = [(one["from"], one["to"], one["closed"]) for one in meta["gaps"]]
    assert spans == [(clock.to_ms(stopped), clock.to_ms(NOW), False)] * told
    # What is restored notes no gap of it: the first check there says how it ends.
    assert json.loads(made["restore/state.json"])["gaps"] == []


def test_what_only_may_be_missing_costs_no_share(alice: int, tmp_path: Path) -> None:
    Gap.update(probably_from=Gap.ended_at).execute()
    assert completeness.known(taken(alice, tmp_path)).share == 1


def test_the_page_forbids_every_connection_and_runs_only_its_own_code(
    bundle: dict[str, bytes],
) -> None:
    html = bundle["index.html"].decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.replace("&#39;", "'").split(";"))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]+'", rules["script-src"])
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]+'", rules["style-src"])
    assert rules.keys() == {
        "default-src", "script-src", "style-src", "img-src", "base-uri", "form-action",
    }  # fmt: skip
    code = html[html.rindex("<script>") + 8 : html.rindex("</script>")]
    assert page._hash(code) == rules["script-src"]
    assert not re.search(r"<[^>]+\s(?:style|on\w+)=", html[: html.index('id="meta"')])
    assert not re.search(r"""(?:src|href)=["']?https?:""", html[: html.index('id="meta"')])


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]
)
def test_clocks_on_the_page_are_those_of_the_zone(zone: str) -> None:
    start, end = datetime(2019, 3, 1, 7, 31, tzinfo=UTC), datetime(2026, 11, 29, tzinfo=UTC)
    pieces = page.offsets(zone, start, end)
    for hours in range(0, 67_000, 13):
        instant = start + timedelta(hours=hours)
        east = [minutes for at, minutes in pieces if at <= clock.to_ms(instant)][-1]
        assert instant.astimezone(ZoneInfo(zone)).utcoffset() == timedelta(minutes=east)


def test_names_cannot_break_out_of_the_page(tmp_path: Path) -> None:
    from tests.exports.making import polled, song

    name = "</script><script>alert(1)</script><b>"
    user_id = archive(polled(NOW - timedelta(days=1), song(name, name, album=name)))
    html = unpacked(write(user_id, tmp_path))["index.html"].decode()
    assert "alert(1)</script>" not in html
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in html


def test_more_plays_than_a_page_holds_stand_beside_it_by_year(alice: int, tmp_path: Path) -> None:
    files = unpacked(write(alice, tmp_path, inside=10))
    data = sorted(path for path in files if path.startswith("data/"))
    years = plays_of(alice)["played_at"].dt.year().unique().sort().to_list()
    assert data == [f"data/plays-{year}.js" for year in years]
    meta = json.loads(re.findall(r'id="meta">(.*?)</script>', files["index.html"].decode())[0])
    assert [path for path, _ in meta["files"]] == data
    assert sum(count for _, count in meta["files"]) == plays_of(alice).height
    assert b'id="plays"' not in files["index.html"]
    assert all(files[path].startswith(b'audiospectiveData("UEFSM') for path in data)  # PAR1


def test_what_a_restore_needs_is_in_it(alice: int, tmp_path: Path) -> None:
    plays = plays_of(alice)
    gone = plays.row(3, named=True)
    removal.remove(alice, [(clock.to_ms(gone["played_at"]), gone["track"])])
    UnreadablePlay.create(user=alice, digest="d", reason="no track", item="{}", seen_at=NOW)
    User.update(preferences='{"week":"sunday"}').where(User.id == alice).execute()
    files = unpacked(write(alice, tmp_path))
    state = json.loads(files["restore/state.json"])
    assert (state["format"], state["version"]) == ("audiospective archive", 1)
    assert state["plays"] == plays.height - 1
    settings = state["settings"]
    assert (state["display_name"], settings["timezone"]) == ("alice", OWNER.zone)
    assert json.loads(settings["preferences"]) == {"week": "sunday"}
    assert [gap["cause"] for gap in state["gaps"]] == ["outage"]
    assert [one["from"] for one in state["coverage"]] == [
        "2025-01-01T00:00:00.000Z",
        "2025-03-03T00:00:00.000Z",
    ]
    assert [one["digest"] for one in state["unreadable"]] == ["d"]
    (removed,) = pl.read_parquet(files["restore/removed.parquet"]).to_dicts()
    assert removed["undoable"] is True
    assert {name: removed[name] for name in segment.COLUMNS} == gone
    assert removed["title"]


def test_an_empty_archive_makes_a_bundle_too(tmp_path: Path) -> None:
    files = unpacked(write(archive(), tmp_path))
    assert b"0 plays" in files["index.html"]
    assert b"All plays come from files" in files["README.txt"]
