"""`bench export`: every export of a large archive, next to Polars writing the same plays."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from audiospective import clock, models
from audiospective.bench.cataloging import catalog_rows
from audiospective.bench.filling import archive
from audiospective.bench.listening import TODAY, Catalog
from audiospective.bench.measuring import Echo, peak_mb, seconds
from audiospective.exports import catalogue, files, snapshot
from audiospective.exports.bundle import writing
from audiospective.exports.formats import FORMATS, csv
from audiospective.exports.snapshot import Owner
from audiospective.models import User, database

YEARS = 10.0
OWNER = Owner("bench", "Europe/Berlin")


def run(echo: Echo, *, small: bool, url: str) -> None:
    """Fill an empty database and time every export in a process of its own."""
    sizes = (20_000,) if small else (200_000, 1_000_000)
    catalog = Catalog.of(10_000 if small else 120_000)
    catalog_rows(catalog)
    for number, plays in enumerate(sizes):
        user_id = archive(catalog, number, plays, YEARS, full=False)
        limits = _child(url, user_id, "limits")
        echo(f"{plays:,} plays; Polars writes the same table, all of it in memory, in")
        echo(
            "  "
            + ", ".join(f"{limits[kind]:.2f} s as {kind}" for kind in ("csv", "json", "parquet"))
        )
        for name in (*FORMATS, catalogue.BUNDLE.name):
            found = _child(url, user_id, name)
            limit = limits.get(name, limits["json"] if name != "lastfm" else limits["csv"])
            ratio = "" if name == catalogue.BUNDLE.name else f"  {found['took'] / limit:5.1f} x"
            echo(
                f"  {name:<13} {found['took']:7.2f} s {found['size'] / 1e6:8.1f} MB"
                f"  peak memory {found['memory']:4.0f} MB{ratio}"
            )


def _child(url: str, user_id: int, what: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "audiospective.bench.export", url, str(user_id), what],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _limits(user_id: int, folder: Path) -> dict[str, float]:
    """Seconds that Polars needs to write the table of the CSV, which is in memory already."""
    import polars as pl

    table = pl.concat(csv.rows(snapshot.take(user_id, OWNER, TODAY, folder)))
    writers = {
        "csv": lambda: table.write_csv(folder / "limit"),
        "json": lambda: table.write_ndjson(folder / "limit"),
        "parquet": lambda: table.write_parquet(folder / "limit", compression_level=9),
    }
    return {name: seconds(write)[0] for name, write in writers.items()}


def _export(user_id: int, name: str, folder: Path) -> dict[str, float]:
    """From the database to the finished file."""
    began = clock.monotonic()
    taken = snapshot.take(user_id, OWNER, TODAY, folder)
    if name == catalogue.BUNDLE.name:
        made = writing.write(User.get_by_id(user_id), taken, folder, statistics=True)
    else:
        made = files.save(FORMATS[name], taken, folder, compatible=False)
    took = clock.monotonic() - began
    return {"took": took, "size": made.stat().st_size, "memory": peak_mb()}


def main(url: str, user_id: int, what: str) -> dict[str, float]:
    """One measurement in this process."""
    models.bind(url)
    with database.connection_context(), tempfile.TemporaryDirectory() as home:
        if what == "limits":
            return _limits(user_id, Path(home))
        return _export(user_id, what, Path(home))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
