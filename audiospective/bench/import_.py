"""`bench import`: an export from its zip to the archive, next to unzip, parse and one write."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from audiospective import clock, environment, models
from audiospective.bench.listening import TODAY, Catalog, listen
from audiospective.bench.measuring import Echo, peak_mb, processor
from audiospective.bench.scratch import member
from audiospective.models import User, database
from audiospective.models.imports import DONE, READING, REVIEW, Import
from audiospective.services import Services
from audiospective.settings import Settings

ROWS_A_FILE = 15_500  # as Spotify writes them
TRACKS = 25_000
YEARS = 15.0
STEPS = {"send": READING, "read": REVIEW, "add": DONE}


def run(echo: Echo, *, small: bool, url: str) -> None:
    """Write invented exports and bring each into the archive of a member of its own."""
    environment.give_memory_back()  # as workers do
    sizes = (5_000,) if small else (200_000, 1_000_000)
    catalog = Catalog.of(2_000 if small else TRACKS)
    with tempfile.TemporaryDirectory(prefix="audiospective-bench-") as home:
        for number, rows in enumerate(sizes):
            export = Path(home) / f"my_spotify_data_{rows}.zip"
            export.write_bytes(zipped(catalog, number, rows))
            user_id = member(number)
            bound = _child(url, user_id, "limit", export, home)
            limit, loaded = bound["took"], bound["took"] + bound["loading"]
            echo(
                f"{rows:,} rows, {export.stat().st_size / 1e6:.1f} MB zipped;"
                f" unzip, parse and one Parquet write take {limit:.2f} s"
                f" ({loaded:.2f} s with loading Polars), {bound['work']:.2f} s of processor time"
            )
            steps = {name: _child(url, user_id, name, export, home) for name in STEPS}
            for name, found in steps.items():
                echo(
                    f"  {name:<6} {found['took']:7.2f} s  {found['took'] / limit:5.2f} x"
                    f"  peak memory {found['memory']:4.0f} MB"
                )
            whole = steps["read"]["took"] + steps["add"]["took"]
            echo(
                f"  read and add {whole:.2f} s, {whole / limit:.2f} x"
                f" ({whole / loaded:.2f} x with loading Polars), of processor time"
                f" {(steps['read']['work'] + steps['add']['work']) / bound['work']:.2f} x"
                f"; {steps['add']['plays']:,.0f} plays added"
            )


def zipped(catalog: Catalog, number: int, rows: int) -> bytes:
    """An export of a member's listening, as Spotify packs it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        made, part = _rows(catalog, number, rows), 0
        while plays := list(islice(made, ROWS_A_FILE)):
            name = f"MyData/Streaming_History_Audio_2015-2026_{part}.json"
            archive.writestr(name, orjson.dumps(plays, option=orjson.OPT_INDENT_2))
            part += 1
    return packed.getvalue()


def _rows(catalog: Catalog, number: int, rows: int) -> Iterator[dict[str, Any]]:
    for play in listen(catalog, number, rows, TODAY, YEARS):
        album = play.track * 2 // 5  # two and a half tracks of an album are ever heard
        yield {
            "ts": clock.from_ms(play.played_at).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "platform": "ios",
            "ms_played": play.ms_played,
            "conn_country": "DE",
            "ip_addr": "203.0.113.7",
            "master_metadata_track_name": f"Track {play.track}",
            "master_metadata_album_artist_name": f"Artist {album * 5 // 12}",
            "master_metadata_album_album_name": f"Album {album}",
            "spotify_track_uri": f"spotify:track:{play.track:022d}",
            "episode_name": None,
            "episode_show_name": None,
            "spotify_episode_uri": None,
            "reason_start": "trackdone",
            "reason_end": "fwdbtn" if play.skipped else "trackdone",
            "shuffle": False,
            "skipped": play.skipped,
            "offline": False,
            "offline_timestamp": None,
            "incognito_mode": False,
        }


def _child(url: str, user_id: int, what: str, export: Path, home: str) -> dict[str, float]:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "audiospective.bench.import_",
            url,
            str(user_id),
            what,
            export,
            home,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def limit(export: Path) -> tuple[float, float]:
    """Seconds to unzip, parse and write one Parquet file, in one process and without checking.

    Before them those of loading Polars, which counts in an import: the process that reads the
    files begins anew.
    """
    loading = clock.monotonic()
    import polars as pl

    began = clock.monotonic()
    frames = []
    with zipfile.ZipFile(export) as archive:
        for name in archive.namelist():
            rows = orjson.loads(archive.read(name))
            frames.append(pl.DataFrame(rows, infer_schema_length=1_000))
    with tempfile.TemporaryDirectory() as folder:
        pl.concat(frames, how="vertical_relaxed").write_parquet(Path(folder) / "limit")
    return began - loading, clock.monotonic() - began


def bring(services: Services, user_id: int, step: str, export: Path) -> dict[str, float]:
    """One step of an import; each has a process of its own, as workers give it."""
    from audiospective.imports import import_job, sending, uploads

    row = Import.get_or_none(Import.user == user_id)
    began, worked = clock.monotonic(), processor(children=True)
    if step == "send":
        sending.send(services, User.get_by_id(user_id), [(export, "my_spotify_data.zip")])
    else:
        if step == "add":
            uploads.agree(services, row)
        import_job.work(services, row.id)
    took, work = clock.monotonic() - began, processor(children=True) - worked
    row = Import.get(Import.user == user_id)
    if row.status != STEPS[step]:
        raise RuntimeError(f"the import ended as {row.status}: {row.error}")
    unit = 1 if sys.platform == "darwin" else 1024
    of_reading = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e6
    memory = max(peak_mb(), of_reading)
    return {"took": took, "work": work, "plays": row.added, "memory": memory}


def main(url: str, user_id: int, what: str, export: str, home: str) -> dict[str, float]:
    """One measurement in this process."""
    if what == "limit":
        worked = processor()
        loading, took = limit(Path(export))
        return {"loading": loading, "took": took, "work": processor() - worked}
    models.bind(url)
    services = Services.build(
        Settings.from_env(
            {
                "AUDIOSPECTIVE_HOME": home,
                "DATABASE_URL": url,
                "REDIS_URL": "redis://127.0.0.1:1/0",  # nobody has to be woken
                "SECRET_KEY": "bench" * 10,
                "TOKEN_KEYS": "YmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaGJlbmNoYmU=",
            }
        )
    )
    with database.connection_context():
        return bring(services, user_id, what, Path(export))


if __name__ == "__main__":
    where, who, wanted, packed, scratch_home = sys.argv[1:]
    sys.stdout.write(json.dumps(main(where, int(who), wanted, packed, scratch_home)))
