"""The benches measure what they say, on listening that looks like people's."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from audiospective import clock, log, models
from audiospective.bench import all_benches, export, habits, long_archives, pages, poll, virtual_day
from audiospective.bench.filling import frame
from audiospective.bench.habits import Poll
from audiospective.bench.listening import TODAY, Catalog, listen
from audiospective.bench.scratch import member
from audiospective.cli import audiospective
from audiospective.history import recent_plays, segment

CATALOG = Catalog.of(4_000)


def test_listening_is_the_same_every_time_and_in_order() -> None:
    plays = list(listen(CATALOG, 1, 3_000, TODAY))
    assert plays == list(listen(CATALOG, 1, 3_000, TODAY))
    assert len(plays) == 3_000
    assert all(later.played_at > earlier.played_at for earlier, later in pairwise(plays))


def test_people_have_favourites_skip_and_come_back() -> None:
    plays = list(listen(CATALOG, 1, 5_000, TODAY))
    counts = Counter(play.track for play in plays)
    assert 0.1 < len(counts) / len(plays) < 0.6
    assert counts.most_common(1)[0][1] > 15
    assert 0.1 < sum(play.skipped for play in plays) / len(plays) < 0.25
    assert all(play.ms_played <= CATALOG.durations[play.track] for play in plays)


def test_only_the_last_year_was_polled() -> None:
    plays = frame(CATALOG, 1, 3_000, TODAY, 6.0, full=False)
    last = plays.filter(plays["source"] == 3)
    assert 0 < last.height < plays.height / 3
    assert last["played_at"].min() > plays.filter(plays["source"] == 2)["played_at"].max()  # type: ignore[operator]
    assert frame(CATALOG, 1, 3_000, TODAY, 6.0, full=True)["source"].unique().to_list() == [3]


def test_storage_prints_bytes_a_play() -> None:
    done = CliRunner().invoke(audiospective, ["bench", "storage", "--small"])
    assert done.exit_code == 0, done.output
    for words in (
        "4 members, 3 years",
        "all told",
        "a row by itself",
        "closed years in storage",
        "a sealed play, its file",
        "with plain rows",
    ):
        assert words in done.output


def test_it_refuses_a_database_with_an_archive(sqlite_database_url: str) -> None:
    models.bind(sqlite_database_url)
    with models.database.connection_context():
        member(1)
    done = CliRunner().invoke(
        audiospective, ["bench", "storage", "--database", sqlite_database_url]
    )
    assert done.exit_code == 1
    assert "give an empty one" in done.output


@pytest.mark.parametrize("full", [False, True])
def test_a_year_of_three_thousand_plays_takes_at_most_twelve_bytes_each(full: bool) -> None:
    plays = frame(Catalog.of(60_000), 7, 3_600, TODAY, 1.0, full=full).sort(segment.KEY)
    assert len(segment.encode(plays)) <= 12 * plays.height


def test_every_export_can_be_measured(sqlite_database_url: str) -> None:
    models.bind(sqlite_database_url)
    with models.database.connection_context():
        user_id = member(1)
    for name, limited in (("csv", True), ("json", True), ("parquet", True), ("bundle", False)):
        found = export.main(sqlite_database_url, user_id, name)
        assert found["size"] > 0
        assert ("limit" in found) == limited


def test_pages_are_timed_through_the_web_server_and_archives_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_database_url: str
) -> None:
    monkeypatch.setattr(long_archives, "SMALL", (300,))
    monkeypatch.setattr(long_archives, "TRACKS", (300, 300))
    every = pages.addresses
    monkeypatch.setattr(pages, "addresses", lambda user_id: {"history": every(user_id)["history"]})
    file = tmp_path / "kept.db"
    command = ["bench", "pages", "--small", "--archive", str(file)]
    done = CliRunner().invoke(audiospective, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    for words in ("420 plays; a page that does nothing", "history by depth", "after a new play",
                  "while somebody is polled", "most queries: history"):  # fmt: skip
        assert words in done.output
    page = next(line for line in done.output.splitlines() if line.startswith("  history  "))
    warm, _, cold, _, new, _, queries = map(float, page.split()[1:])
    assert min(warm, cold, new) > 0
    assert 0 < queries <= pages.QUERIES
    models.bind(sqlite_database_url)
    with models.database.connection_context():
        long_archives.kept(
            file, sqlite_database_url, lambda _: pytest.fail("filled again"), small=True
        )
        assert recent_plays.total(*long_archives.listeners()) == 300


def test_an_import_can_be_measured() -> None:
    done = CliRunner().invoke(audiospective, ["bench", "import", "--small"])
    assert done.exit_code == 0, done.output
    for words in ("5,000 rows", "send", "read", "add", "read and add", "plays added"):
        assert words in done.output


def test_planning_can_be_measured_with_all_jobs_of_a_day() -> None:
    done = CliRunner().invoke(audiospective, ["bench", "plan", "--small", "--members", "120"])
    assert done.exit_code == 0, done.output
    for words in ("120 members", "busiest second", "after a day away: 120 due", "jobs a day"):
        assert words in done.output
    # Two hours: 2 x 6 windows with one batch each, and what the timetable says.
    assert re.search(r"in 2 hours: .*plan_polls 12.* maintain 6", done.output), done.output
    assert "delete_accounts" not in done.output  # nobody leaves
    assert logging.getLogger(log.ROOT).isEnabledFor(logging.ERROR)  # silent while it measured only
    # Listens to join and plays to send on, in one job with each round of maintenance.
    assert "join_listens 6" in done.output
    assert "forward_plays" not in done.output


def test_polls_of_a_worker_that_forks_are_held_against_fetching_the_same_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(poll, "SMALL", (4, 300, 300))
    monkeypatch.setattr(poll, "ROUNDS", 1)
    monkeypatch.setattr(poll, "SECONDS_APART", 0.01)
    done = CliRunner().invoke(audiospective, ["bench", "poll", "--small", "--json"])
    assert done.exit_code == 0, done.output  # also if what was to be new was not
    found = json.loads(done.stdout)["figures"]
    assert found["members"] == 4
    assert found["processor ms a page"] > 0
    assert found["processor ms a poll"] >= 0  # so few of them may take less than a tick
    for name in ("ratio", "first polls, ratio", "in one process, ratio"):
        assert found[name] > 0


@pytest.mark.parametrize("members", [100_000, 1_000_000])
def test_jobs_of_large_instances_are_reckoned_from_the_polls(members: int, settings) -> None:
    services = SimpleNamespace(settings=settings)
    day = datetime(2026, 11, 25, tzinfo=clock.EPOCH.tzinfo)
    shape = [[Poll(day.replace(hour=hour), 60, 1)] for hour in range(24)]
    found = virtual_day.reckoned(lambda _: None, services, members, shape, 1)  # type: ignore[arg-type]
    assert found["jobs of archive_batch"] == 24 * members // 50
    assert found["jobs of plan_polls"] == 144
    assert found["jobs of seal_members"] == round(24 * members / 100 / 50)
    asked = found["jobs of make_export"] + found["jobs of deliver_export"] + 72  # type: ignore[operator]
    assert found["jobs a day of what members turn on"] == asked
    told = sum(jobs for name, jobs in found.items() if name.startswith("jobs of"))  # type: ignore[misc]
    assert found["jobs a day"] == told


def test_a_thousand_members_with_all_that_runs_by_itself_take_a_thousand_jobs_a_day(
    settings,
) -> None:
    day = datetime(2026, 11, 25, tzinfo=clock.EPOCH.tzinfo)
    sample = habits.members(100, day.date())
    walks = [habits.polls(one, day, day + timedelta(days=1)) for one in sample]
    shape = [[poll for walk in walks for poll in walk]]
    services = SimpleNamespace(settings=settings)
    found = virtual_day.reckoned(lambda _: None, services, 1_000, shape, 100)  # type: ignore[arg-type]
    assert 900 < found["jobs a day"] <= 1_000  # type: ignore[operator]


def test_all_benches_are_told_in_one_document_with_what_the_machine_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("audiospective.cli.bench.NAMES", ("plan",))
    done = CliRunner().invoke(audiospective, ["bench", "all", "--json", "--quick"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["machine"]["cores"] > 0
    (plan,) = told["benches"]
    assert plan["figures"]["members"] == 200
    assert plan["numbers"]["a plan takes # s at most, # us a planned member, # of them the"
                           " database's; # MB"]  # fmt: skip
    assert plan["lines"][0].startswith("200 members")


@pytest.mark.parametrize(
    ("small", "asked"),
    [
        (True, [("storage", 30), ("plan", all_benches.FEW)]),
        (False, [("storage", 30), *(("plan", many) for many in all_benches.PLANNED)]),
    ],
)
def test_storage_grows_as_many_members_as_are_asked_for_among_all_benches(
    monkeypatch: pytest.MonkeyPatch, small: bool, asked: list[tuple[str, int]]
) -> None:
    def noted(name: str, options: Sequence[str]) -> dict[str, Any]:
        return {"asked": (name, int(options[options.index("--members") + 1]))}

    monkeypatch.setattr(all_benches, "_child", noted)
    found = all_benches.every(print, ("storage", "plan"), small=small, members=30)
    assert [one["asked"] for one in found["benches"]] == asked


def test_a_bench_that_fails_is_named_and_the_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audiospective.cli.bench.NAMES", ("nonsense", "more-nonsense"))
    done = CliRunner().invoke(audiospective, ["bench", "all"])
    assert done.exit_code == 1
    found = json.loads(done.stdout)["benches"]
    assert [one["bench"] for one in found] == ["nonsense", "more-nonsense"]
    assert "'nonsense' is not one of" in found[0]["failed"]
