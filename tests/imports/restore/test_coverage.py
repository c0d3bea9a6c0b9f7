"""What a bundle knows to be complete comes back, and no gap is lost or covered by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import orjson
import pytest

from audiospective import clock, models
from audiospective.exports.bundle import completeness
from audiospective.imports.restore import bundle_state, coverage, files
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.services import Services
from tests.exports.making import taken
from tests.history.making import person
from tests.imports.restore import archives

HOUR = timedelta(hours=1)
START = datetime(2025, 5, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + hours * HOUR


def gap(user_id: int, start: float, end: float) -> None:
    Gap.create(user=user_id, started_at=at(start), probably_from=at(start), ended_at=at(end),
               cause="downtime", certainty="possible", opened_at=at(end))  # fmt: skip


def told(
    stretches: list[tuple[float, float]], gaps: list[tuple[float, float]] = ()
) -> dict[str, Any]:
    """The state of a bundle, as it was read."""
    return {
        "coverage": [{"from": ms(start), "to": ms(end)} for start, end in stretches],
        "gaps": [
            {"from": ms(start), "probably_from": ms(start), "to": ms(end), "cause": "outage",
             "certainty": "possible", "opened_at": ms(end), "closed_at": None, "by_import": False,
             "recovered": 0}
            for start, end in gaps
        ],
    }  # fmt: skip


def ms(hours: float) -> int:
    return clock.to_ms(at(hours))


def hours(instant: datetime | None) -> float | None:
    return None if instant is None else (instant - START) / HOUR


def covered(user_id: int) -> list[tuple[float | None, float | None]]:
    rows = Coverage.select().where(Coverage.user == user_id).order_by(Coverage.started_at)
    return [(hours(row.started_at), hours(row.ended_at)) for row in rows]


def missing(user_id: int) -> list[tuple[float | None, float | None]]:
    rows = Gap.select().where(Gap.user == user_id).order_by(Gap.ended_at)
    return [(hours(row.probably_from), hours(row.ended_at)) for row in rows]


def test_stretches_that_an_earlier_release_let_overlap_come_back_as_one(
    services: Services, tmp_path: Path
) -> None:
    alice = archives.full()
    Coverage.delete().execute()
    for start, end in ((0, 9), (1, 2), (6, 12), (20, None)):
        Coverage.create(user=alice, started_at=at(start), ended_at=end and at(end))
    gap(alice.id, 4, 6)
    known = completeness.known(taken(alice.id, tmp_path))
    apart = [(0, 4), (6, 12), (20, 20)]
    assert [(hours(start), hours(end)) for start, end in known.stretches] == apart
    with ZipFile(archives.bundle(alice, tmp_path / "bundle")) as bundle:
        name = next(one for one in bundle.namelist() if one.endswith(files.STATE))
        body = bundle.read(name)
    state = bundle_state.state(body)
    bob = person("bob")
    with models.transaction():
        coverage.restore(bob, state, 1, set())
    assert covered(bob) == apart
    assert (4, 6) in missing(bob)

    # A bundle of an earlier release has them as they were.
    whole = orjson.loads(body)
    whole["coverage"] = [{"from": at(start).isoformat(), "to": at(end).isoformat()}
                         for start, end in ((6, 12), (0, 9), (1, 2), (20, 20))]  # fmt: skip
    assert bundle_state.state(orjson.dumps(whole)) == state


def test_a_gap_ends_where_the_first_check_here_begins_that_tells_other_milliseconds(
    services: Services,
) -> None:
    bob = person("bob")
    end = START + 9 * HOUR + timedelta(milliseconds=71)
    Coverage.create(user=bob, started_at=at(9))
    state = told([(0, 4)], [(4, 9)])
    for name in ("to", "opened_at"):
        state["gaps"][0][name] = clock.to_ms(end)
    with models.transaction():
        coverage.restore(bob, state, 1, {clock.to_ms(at(9))})
    assert missing(bob) == [(4, 9)]
    assert covered(bob) == [(0, 4), (9, None)]


@pytest.mark.parametrize(
    ("shared", "stretches", "gaps"),
    [
        ({1}, [(0, 4), (9, None)], [(4, 9)]),
        (set(), [(0, 4), (10, None)], [(4, 9), (4, 10)]),
    ],
    ids=["reaching back", "not reaching back"],
)
def test_an_open_gap_of_the_bundle_stays_uncovered(
    services: Services, shared: set[int], stretches: Any, gaps: Any
) -> None:
    bob = person("bob")
    Coverage.create(user=bob, started_at=at(10))
    with models.transaction():
        coverage.restore(bob, told([(0, 4)], [(4, 9)]), 1, shared)
    assert (covered(bob), missing(bob)) == (stretches, gaps)


def test_a_stretch_of_the_bundle_over_its_open_gap_is_cut_where_nothing_was_checked_yet(
    services: Services,
) -> None:
    bob = person("bob")
    with models.transaction():
        coverage.restore(bob, told([(0, 10), (12, 14)], [(6, 10.5)]), 1, set())
    assert (covered(bob), missing(bob)) == ([(0, 6), (12, 14)], [(6, 10.5)])


def test_a_gap_up_to_the_first_check_reaches_back_to_the_bundle(services: Services) -> None:
    """The first page did not reach back to the consent, and nobody asked before that."""
    bob = person("bob")
    gap(bob, 8, 10)
    Coverage.create(user=bob, started_at=at(10))
    with models.transaction():
        coverage.restore(bob, told([(0, 4)]), 1, set())
    assert missing(bob) == [(4, 10)]
    assert covered(bob) == [(0, 4), (10, None)]


def test_a_longer_gap_of_the_bundle_up_to_the_same_play_is_kept(services: Services) -> None:
    bob = person("bob")
    gap(bob, 8, 10)
    Coverage.create(user=bob, started_at=at(10))
    with models.transaction():
        coverage.restore(bob, told([(0, 4), (10, 12)], [(4, 10)]), 1, {1})
    assert missing(bob) == [(4, 10)]
    assert covered(bob) == [(0, 4), (10, None)]


@pytest.mark.parametrize("closed", [True, False], ids=["closed here", "open here"])
def test_an_open_gap_of_the_bundle_is_open_where_a_shorter_one_up_to_the_same_play_was_filled(
    services: Services, closed: bool
) -> None:
    bob = person("bob")
    gap(bob, 5, 10)
    if closed:
        Gap.update(closed_at=at(11), closed_by_import=7).execute()
    Coverage.create(user=bob, started_at=at(10))
    state = told([(0, 1), (10, 12)], [(1, 10)])
    state["gaps"][0]["certainty"] = "sure"
    with models.transaction():
        coverage.restore(bob, state, 8, {1})
    found = Gap.get()
    assert (hours(found.started_at), missing(bob)) == (1, [(1, 10)])
    assert (found.closed_at, found.closed_by_import, found.certainty) == (None, None, "sure")
    assert covered(bob) == [(0, 1), (10, None)]


def test_a_gap_that_was_filled_here_stays_closed_where_the_bundle_has_no_more_of_it(
    services: Services,
) -> None:
    bob = person("bob")
    gap(bob, 5, 10)
    Gap.update(closed_at=at(11), closed_by_import=7).execute()
    Coverage.create(user=bob, started_at=at(0))
    with models.transaction():
        coverage.restore(bob, told([(0, 5), (10, 12)], [(5, 10)]), 8, {1})
    found = Gap.get()
    assert (found.closed_at, found.closed_by_import, found.certainty) == (at(11), 7, "possible")
    assert covered(bob) == [(0, None)]
