"""A sealing process that is killed outright: the archive is as it was, or as it should be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from audiospective import history
from audiospective.history import sealing
from audiospective.models import Play, PlaySegment
from tests.history.making import at, person, play, track
from tests.support import losses
from tests.support.processes import until

ROOT = Path(__file__).parent.parent.parent
SEAL = """
import os, signal, sys
from audiospective import models
from audiospective.history import hot_tail, sealing, segment_store
url, moment = sys.argv[1:]
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
models.bind(url)
with models.database.connection_context():
    if moment == "before the rows go":
        hot_tail.delete = die
    elif moment == "before the commit":
        models.database.obj.commit = die
    elif moment == "after the commit":
        commit = models.database.obj.commit
        models.database.obj.commit = lambda: (commit(), die())
    sealing.seal(1, keep=2, trigger=0)
"""


# The database may take a moment to see that its client was killed, and keeps the lock until then.
@pytest.mark.races
@pytest.mark.parametrize(
    ("moment", "moved"),
    [("before the rows go", 0), ("before the commit", 0), ("after the commit", 18)],
)
def test_a_process_killed_while_sealing_loses_no_play(
    database: object, database_url: str, moment: str, moved: int
) -> None:
    alice, song = person("alice"), track("song")
    for minute in range(20):
        play(alice, at(minute), song)
    before = history.frame(alice)
    done = subprocess.run(
        [sys.executable, "-c", SEAL, database_url, moment],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    found = Play.select().count(), PlaySegment.select().count()
    losses.none_of(found != (20 - moved, 1 if moved else 0) and f"rows, segments: {found}")
    losses.none_of(not history.frame(alice).equals(before) and "other plays after the kill")
    again = partial(sealing.seal, alice, keep=2, trigger=2)  # 0 while the killed one's lock holds
    assert (again() if moved else until(again, "the lock is gone")) == 18 - moved
    losses.none_of(not history.frame(alice).equals(before) and "other plays after sealing")
    losses.none_of(history.total(alice) != 20 and "counted wrongly")
