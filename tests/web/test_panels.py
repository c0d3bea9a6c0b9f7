"""A figure that cannot be worked out costs its own panel, which says so; the page stands."""

from __future__ import annotations

import json
import logging
from datetime import date
from typing import NamedTuple

import pytest

from audiospective import log
from audiospective.models import Connection, User
from audiospective.stats import (
    activity,
    days,
    decades,
    eras,
    firsts,
    listening,
    portrait,
    rankings,
    repeats,
    sittings,
    skips,
    streaks,
    totals,
)
from audiospective.web.charts import heatmap
from audiospective.web.dashboard import week
from audiospective.web.health import known_time_tapes
from tests.support.clocks import Frozen
from tests.web.conftest import Site, Visitor
from tests.web.reports.test_reports import alice, heard

__all__ = ["alice"]

YEAR = "/reports/2026"


class Broken(NamedTuple):
    """`function` of `module` raises; `page` shows the panel `id` without it, and still `stands`."""

    page: str
    module: object
    function: str
    id: str
    stands: str


TABLE = [
    Broken("/dashboard", week, "of", "week", "All in all"),
    Broken("/dashboard", streaks, "current", "numbers", "Last plays"),
    Broken("/dashboard", rankings, "of", "tops", "All in all"),
    Broken("/dashboard", heatmap, "of", "year-panel", "All in all"),
    Broken("/dashboard", totals, "first_day", "figures", "Last plays"),
    Broken(YEAR, rankings, "of", "most-panel", "The longest day"),
    Broken(YEAR, eras, "of", "eras-panel", "The longest day"),
    Broken(YEAR, decades, "of", "decades-panel", "The longest day"),
    Broken(YEAR, activity, "week_hours", "hours-panel", "The longest day"),
    Broken(YEAR, sittings, "of", "sittings-panel", "The longest day"),
    Broken(YEAR, firsts, "discoveries", "first-heard", "The longest day"),
    Broken(YEAR, firsts, "rediscoveries", "heard-again", "The longest day"),
    Broken(YEAR, repeats, "repeats", "on-repeat", "The longest day"),
    Broken(YEAR, days, "longest", "longest-panel", "Skips"),
    Broken(YEAR, skips, "of", "skips-panel", "The longest day"),
    Broken(YEAR, totals, "of", "report", "All reports"),
    Broken("/tracks/1", portrait, "drawn", "figures", "Latest plays"),
    Broken("/health", known_time_tapes, "_hours", "days-panel", "Plays saved"),
]


@pytest.fixture
def member(site: Site, frozen: Frozen, alice: User, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """Alice with plays of two years; what fails for want of a figure is not raised to the test."""
    monkeypatch.setitem(site.app.config, "PROPAGATE_EXCEPTIONS", False)
    heard(alice, (date(2025, 3, 14), "Ebb", 15), (date(2026, 3, 13), "Ebb", 25),
          (date(2026, 1, 3), "Flow", 9))  # fmt: skip
    Connection.update(next_poll_at=frozen.now).execute()
    listening.forget()
    return site.member(alice)


def breaks(monkeypatch: pytest.MonkeyPatch, one: Broken) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a figure of alice")

    broken.__module__, broken.__qualname__ = "broken", one.function
    monkeypatch.setattr(one.module, one.function, broken)


@pytest.mark.parametrize("one", TABLE, ids=lambda one: f"{one.page} {one.id}")
def test_the_panel_says_so_and_the_rest_stands(
    one: Broken, member: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR, log.ROOT):
        breaks(patch, one)
        page = member.page(one.page)
    (panel,) = (tag for kind in ("section", "aside") for tag in page.all(kind, id=one.id))
    assert "not worked out just now" in panel.text
    assert one.stands in page.text
    retry = panel.one("a", class_="button button-secondary")
    assert retry.attributes["href"].startswith(one.page)
    lines = [json.loads(log.JsonFormatter().format(record)) for record in caplog.records]
    (line,) = (line for line in lines if line["event"] == "panel_failed")
    assert line["reference"] in panel.text
    assert line["error"] == "ZeroDivisionError"
    assert "alice" not in json.dumps(line)
    assert page.text.count("not worked out just now") == 1
    # Nothing of it was kept: the next page has the panel again.
    assert "not worked out just now" not in member.page(one.page).text


def test_a_report_to_take_along_is_whole_or_none(
    member: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch, Broken(YEAR, rankings, "of", "", ""))
    for address in (f"{YEAR}/text", f"{YEAR}/picture.svg", f"{YEAR}/picture.png"):
        assert member.get(address).status_code == 500


def test_a_fragment_brings_the_panel_along(
    member: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch, TABLE[0])
    answer = member.fragment("/ui/dashboard")
    assert answer.status_code == 200
    assert "not worked out just now" in answer.text
    assert 'hx-get="/dashboard"' in answer.text
