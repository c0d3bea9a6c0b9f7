"""`bench stats`: the heaviest views of an archive, next to merely decoding its plays."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date

from audiospective import history, models
from audiospective.bench.cataloging import catalog_rows
from audiospective.bench.filling import archive
from audiospective.bench.listening import Catalog
from audiospective.bench.measuring import Echo, p95, peak_mb, seconds
from audiospective.history import segment
from audiospective.history.catalog import frames, lookup
from audiospective.models import CatalogBlock, PlaySegment, database
from audiospective.policy import calendar
from audiospective.stats import activity, by_track, listening, portrait, tops
from audiospective.stats.figure_options import FigureOptions
from audiospective.stats.listening import Listening

ZONE = "Europe/Berlin"
YEARS = 10.0
KEY = ("played_at", "track")
PARTS = 30  # tracks and albums of an artist, as the page lists them


def run(echo: Echo, *, small: bool, url: str) -> None:
    """Fill an empty database and time the views as a web process would show them."""
    sizes = (20_000,) if small else (200_000, 1_000_000)
    catalog = Catalog.of(10_000 if small else 120_000)
    catalog_rows(catalog)
    for number, plays in enumerate(sizes):
        user_id = archive(catalog, number, plays, YEARS, full=False)
        child = subprocess.run(
            [sys.executable, "-m", "audiospective.bench.stats", url, str(user_id)],
            capture_output=True,
            text=True,
            check=True,
        )
        _report(echo, plays, json.loads(child.stdout))


def _report(echo: Echo, plays: int, found: dict[str, float]) -> None:
    limit, memory, cold, prepared = (
        found.pop(name) for name in ("decode only", "memory", "cold", "prepared")
    )
    echo(f"{plays:,} plays in {found.pop('segments'):.0f} segments")
    echo(f"  decode only, the limit      p95 {limit * 1000:7.1f} ms")
    for view, taken in found.items():
        echo(f"  {view:<26}  p95 {taken * 1000:7.1f} ms   {taken / limit:5.1f} x the limit")
    echo(f"  top artists, catalog not yet in memory: {cold * 1000:.0f} ms, once a process")
    echo(
        f"  all plays prepared for figures: p95 {prepared * 1000:.0f} ms, once a process and member"
    )
    echo(f"  worst p95 {max(found.values()) * 1000:.0f} ms; web process, peak {memory:.0f} MB")


def views(user_id: int) -> dict[str, Callable[[], object]]:
    """What the dashboard and the artists' pages ask for, from the database to names."""
    plays = history.frame(user_id, columns=KEY)
    most = {kind: int(tops.top(plays, kind, 1)["id"][0]) for kind in tops.KINDS}
    year = date(plays["played_at"][-1].year - 1, 1, 1)

    def top_artists() -> object:
        found = tops.top(history.frame(user_id, columns=KEY), "artist", 50)
        return lookup.artists(found["id"].to_list())

    def top_tracks() -> object:
        found = tops.top(history.frame(user_id, columns=KEY), "track", 50)
        return lookup.tracks(found["id"].to_list())

    def heatmap() -> object:
        found = history.frame(user_id, *calendar.year(ZONE, year.year), columns=["played_at"])
        return activity.by_day(found, ZONE, year, year.replace(month=12, day=31))

    def listening_clock() -> object:
        return activity.by_hour(history.frame(user_id, columns=["played_at"]), ZONE)

    options = FigureOptions(user_id, ZONE)

    def history_of(kind: str) -> object:
        listening.forget()  # as a web process that has not shown this member anything yet
        return Listening(options).portrait(kind, most[kind], PARTS)

    ready = Listening(options).plays()  # as a web process keeps them from one page to the next

    return {
        "all-time top 50 artists": top_artists,
        "all-time top 50 tracks": top_tracks,
        "heatmap of a year": heatmap,
        "listening clock": listening_clock,
        "one artist's history": lambda: history_of("artist"),
        "one album's history": lambda: history_of("album"),
        "one track's history": lambda: history_of("track"),
        "an artist, plays at hand": lambda: portrait.of(ready, "artist", most["artist"], PARTS),
        "newest 20 and total": lambda: (history.recent(user_id), history.total(user_id)),
    }


def _prepared(user_id: int) -> None:
    """What the dashboard and reports begin with, until a process keeps it."""
    listening.forget()
    by_track.of_years(Listening(FigureOptions(user_id, ZONE)).plays())


def _web_process(url: str, user_id: int, times: int = 40) -> dict[str, float]:
    """Times views in a process that has the whole website loaded, like a gunicorn worker."""
    import audiospective.app  # noqa: F401 - its memory counts

    models.bind(url, pooled=True)
    with database.connection_context():
        assert CatalogBlock.select().exists()
        shown = views(user_id)
        frames.clear_cache()
        (cold,) = seconds(shown["all-time top 50 artists"])
        found = {name: p95(seconds(view, times)) for name, view in shown.items()}
        prepared = p95(seconds(lambda: _prepared(user_id), times))
        memory = peak_mb()
        blobs = [bytes(row.blob) for row in PlaySegment.select().where(PlaySegment.user == user_id)]
    limit = p95(seconds(lambda: [segment.decode(blob, KEY) for blob in blobs], times))
    return {
        **found, "decode only": limit, "memory": memory, "segments": len(blobs), "cold": cold,
        "prepared": prepared,
    }  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_web_process(sys.argv[1], int(sys.argv[2]))))
