"""The database of a release with data in it: `python -m tests.migrations.release VERSION DATE`.

Run once, with the tree of the release; the file stays as it is from then on. The tables are those
of SQLite, as JSON; bytes are {"bytes": base 85}. `members` say what the archive of each then told.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from audiospective import clock, history, models
from audiospective.history import removal, sealing
from audiospective.history.catalog import lookup
from audiospective.models import Connection, Play, User, migrations
from audiospective.operations import maintenance
from audiospective.operations.backup import schema
from audiospective.polling import batch
from tests.jobs.stack import Stack, running
from tests.support import redis

FOLDER = Path(__file__).parent / "releases"
DAY = timedelta(days=1)


def told(user_id: int) -> dict[str, Any]:
    """What an archive holds: how many plays, and a digest of their times and Spotify's ids."""
    frame = history.frame(user_id, columns=["played_at", "track"])
    tracks = lookup.together(set(frame["track"].to_list()), (), ()).tracks
    times = frame["played_at"].to_physical().to_list()
    lines = sorted(
        f"{at} {tracks[track].spotify_id}"
        for at, track in zip(times, frame["track"].to_list(), strict=True)
    )
    first, last = (lines[0], lines[-1]) if lines else (None, None)
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return {"user_id": user_id, "plays": len(lines), "first": first, "last": last, "sha256": digest}


def live(stack: Stack) -> None:
    """Three years of Alice, sealed; Bob, of whom some is lost; Charlie, who heard nothing."""
    alice, bob, charlie = names = list(stack.control.make_listeners(3))
    for name in names:
        stack.connect(name)

    def poll(name: str, start: datetime, plays: int, apart: timedelta) -> None:
        at = [clock.to_ms(start + apart * place) for place in range(plays)]
        stack.control.add_plays(name, [{"played_at": one} for one in at])
        batch.now(stack.services, stack.user_id(name))

    began = datetime(2023, 11, 3, 18, 0, 1, 234_000, tzinfo=UTC)
    for times in range(14):
        poll(alice, began + 75 * DAY * times, 40, timedelta(minutes=4))
    poll(bob, clock.now() - timedelta(hours=5), 30, timedelta(minutes=4))
    poll(bob, clock.now() - timedelta(hours=2), 70, timedelta(minutes=1))  # more than Spotify shows
    poll(charlie, clock.now(), 0, DAY)
    owner = stack.user_id(alice)
    sealing.seal(owner, keep=60, trigger=100)
    newest = Play.select().where(Play.user == owner).order_by(Play.played_at.desc()).get()
    removal.remove(owner, [(newest.played_at, newest.track)])
    User.update(email="alice@mail.example", email_verified_at=clock.now()).where(
        User.id == owner
    ).execute()
    Connection.update(reauth_due_at=clock.now() + 20 * DAY).where(
        Connection.user == owner
    ).execute()
    maintenance.maintain(stack.services, wait=lambda _: None)


def document(version: str, date: str) -> dict[str, Any]:
    """The whole of a release's database."""
    found = {}
    for table in schema.tables():
        rows = models.database.execute_sql(table.query).fetchall()
        if rows:
            lines = [[_written(schema.plain(value)) for value in row] for row in rows]
            found[table.name] = {"columns": list(table.columns), "rows": lines}
    members = {str(user.id): told(user.id) for user in User.select().order_by(User.id)}
    return {"version": version, "released": date, "migrations": migrations.applied(),
            "members": members, "tables": found}  # fmt: skip


def read(path: Path) -> dict[str, Any]:
    """A release's database as it was written, its rows as a database takes them."""
    made: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    for table in made["tables"].values():
        table["rows"] = [[_value(value) for value in row] for row in table["rows"]]
    return made


def _written(value: Any) -> Any:
    return {"bytes": base64.b85encode(value).decode()} if isinstance(value, bytes) else value


def _value(value: Any) -> Any:
    return base64.b85decode(value["bytes"]) if isinstance(value, dict) else value


def write(path: Path, version: str, date: str, redis_url: str) -> None:
    """Live on the newest tables and write what there is then."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/release.db"
        models.bind(url)
        models.migrate()
        with running(url, redis_url, Path(folder) / "home") as stack:
            live(stack)
            text = json.dumps(document(version, date), separators=(",", ":"), sort_keys=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.migrations.release")
    parser.add_argument("version", help="of this tree, such as 0.3.0")
    parser.add_argument("date", help="of its release, such as 2026-11-27")
    told = parser.parse_args()
    path = FOLDER / f"{told.version}.json.gz"
    with redis.running() as redis_url:
        write(path, told.version, told.date, redis_url)
    sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
