"""The component page: every building block in every state, for those who build pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template, request

from audiospective import clock
from audiospective.history import RecentPlay
from audiospective.models.plays import FROM_POLL
from audiospective.policy.archive_state import TRAITS
from audiospective.policy.health import HealthStatus
from audiospective.web.charts import bars, heatmap, ring, spark, week_hours
from audiospective.web.context import services
from audiospective.web.figures.lines import Line
from audiospective.web.figures.ranked_list import Ranked, RankedList

blueprint = Blueprint("components", __name__)

SAMPLES = (
    Line("Paper Lanterns", "#", (("Nora Feld", "#"),), None, "https://open.spotify.com/track/1"),
    Line("سماء بعيدة", None, (("ليلى ناصر", None),), None, "https://open.spotify.com/track/2"),
    Line("遠い海の記憶", None, (("青木 鈴", None),), None, "https://open.spotify.com/track/3"),
    Line("<script>alert(1)</script> 🎻", None, (("Quote & “Ampersand”", None),)),
    Line("A very long title " * 12, None, tuple((f"Artist {n}", None) for n in range(20))),
)
MOVES = (("new", "never heard before"), ("▲2", "up 2 places"), ("=", "same place as before"),
         ("▼1", "down 1 place"), ("back", "not heard in the period before"))  # fmt: skip
TOPS = RankedList(
    "track", "Tracks", 1204,
    tuple(
        Ranked(rank, line, f"{60 - 9 * rank}", "2 h 4 min", *move)
        for rank, (line, move) in enumerate(zip(SAMPLES, MOVES, strict=True), start=1)
    ),
)  # fmt: skip
HOURS = tuple((hour * 7) % 23 if hour > 6 else 0 for hour in range(24))


@blueprint.get("/_components")
def page() -> str:
    if not services().settings.sandbox:  # a workbench, not a page for members
        abort(404)
    now = clock.now()
    return render_template(
        "components/index.html",
        bare=True,
        samples=[(item, now - timedelta(minutes=4 * row)) for row, item in enumerate(SAMPLES)],
        now=now,
        errors={"sample-email": "Enter an address with an @ sign, such as ana@example.org."},
        chosen=request.args.get("theme"),
        plays=[_play(now - timedelta(minutes=4 * row), item) for row, item in enumerate(SAMPLES)],
        tops=TOPS,
        stopped=SimpleNamespace(traits=TRAITS[HealthStatus.RECONNECT_NEEDED], expired=True),
        works=SimpleNamespace(traits=TRAITS[HealthStatus.UP_TO_DATE], expired=False),
        charts=_charts(now),
    )


def _play(at: datetime, line: Line) -> RecentPlay:
    return RecentPlay(
        at, 1, "4uLU6hMCjMI75M1A2tKUQC", "track", line.title, [(1, name) for name, _ in line.by], 1,
        "An album", None, 204_000, None, FROM_POLL, None,
    )  # fmt: skip


def _charts(now: datetime) -> dict[str, Any]:
    today = now.date()
    days = {today - timedelta(days=n): (n * 5) % 17 for n in range(140)}
    months = [(f"{month}", 40 + (month * 31) % 50) for month in range(1, 13)]
    return {
        "heatmap": heatmap.of(
            days,
            today - timedelta(days=180),
            today,
            unknown=[today - timedelta(days=n) for n in range(150, 170)],
        ),
        "bars": bars.of(months, unknown=[2], compare=[30 + n for n in range(12)]),
        "ring": ring.of(HOURS),
        "week_hours": week_hours.of([HOURS] * 7),
        "spark": spark.of(HOURS),
    }
