"""Who may load Polars: not a worker that polls, and never a process that forks others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
AFTERWARDS = "import sys; sys.exit('polars' in sys.modules and 'Polars was loaded')"


def run(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "module",
    [
        "audiospective.jobs.tasks",  # imported by the worker's parent, before it forks
        "audiospective.jobs.run",
        "audiospective.jobs.scheduler",
        "audiospective.polling.batch",
        "audiospective.web.server",  # what gunicorn's master imports; its workers load the pages
        "audiospective.history",
        "audiospective.imports.opening",
        "audiospective.imports.sources",
        "audiospective.cli",
    ],
)
def test_importing_it_does_not_load_polars(module: str) -> None:
    done = run(f"import {module}; {AFTERWARDS}")
    assert done.returncode == 0, done.stderr


POLL = """
from audiospective import history, models
from audiospective.policy.plays import AlbumFacts, ArtistFacts, TrackFacts
from audiospective.history import append
from audiospective.history.catalog import polled
models.bind({url!r})
with models.database.connection_context():
    user = models.User.create(minute_offset=0, session_key="x", created_at=0)
    song = TrackFacts("song", "Song", artists=(ArtistFacts("a", "A"),), album=AlbumFacts("b", "B"))
    for renamed in (song, TrackFacts("song", "Renamed", artists=song.artists, album=song.album)):
        tracks = polled.remember([renamed])
        append.polled([append.NewPlay(user.id, 5, tracks["song"], None)])
    assert history.total(user.id) == 1
    assert [one.title for one in history.recent(user.id)] == ["Renamed"]
"""


def test_storing_a_poll_and_showing_the_dashboard_does_not_load_polars(
    sqlite_database_url: str,
) -> None:
    done = run(POLL.format(url=sqlite_database_url) + AFTERWARDS)
    assert done.returncode == 0, done.stderr


FORK = """
import os
from audiospective import history, models
import audiospective.jobs.tasks
models.bind({url!r})
child = os.fork()
if child == 0:
    with models.database.connection_context():
        found = history.frame(1, columns=["artist", "played_at"])
    os._exit(0 if found.height == 0 else 1)
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_job_reads_frames_while_its_parent_never_did(sqlite_database_url: str) -> None:
    done = run(FORK.format(url=sqlite_database_url) + AFTERWARDS)
    assert done.returncode == 0, done.stderr
