"""Closed years in a real bucket: a process that is killed, a service that does what it likes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audiospective import clock, history
from audiospective.clients.storage import Bucket, S3Storage, StorageError
from audiospective.history import append, bulk_add, integrity, sealing, segment
from audiospective.history.closed import moving, objects, prefix, sweeping
from audiospective.history.closed.away import YearAwayError
from audiospective.models import DamagedSegment, Play, PlaySegment
from tests.history.closing import bound, forget_cache
from tests.history.making import MINUTE, person, track
from tests.support import losses
from tests.support.processes import until
from tests.support.s3 import Trouble, in_front_of

ROOT = Path(__file__).parent.parent.parent
STARTS = [clock.to_ms(datetime(year, 5, 1, tzinfo=UTC)) for year in (2021, 2023)]
MOVE = """
import os, signal, sys
from datetime import datetime
from audiospective import models
from audiospective.clients.storage import Bucket, S3Storage
from audiospective.history.closed import moving, objects
url, address, own, act, moment = sys.argv[1:]
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
storage = S3Storage(Bucket("archive", "test-key", "test-secret", prefix="one/instance",
                           endpoint=address))
put, change = storage.put, moving._change
changes = 0
def changed(*args):
    global changes
    changes += 1
    if moment == f"before change {changes}":
        die()
    done = change(*args)
    if moment == f"after change {changes}":
        die()
    return done
moving._change = changed
if moment == "before it is put":
    storage.put = die
elif moment == "after it is put":
    storage.put = lambda *args: (put(*args), die())
models.bind(url)
objects.bind(storage)
with models.database.connection_context():
    if moment == "before the commit":
        commit = models.database.obj.commit
        def last():
            if changes == 2:
                die()
            commit()
        models.database.obj.commit = last
    moving.take(1, 2021, own) if act == "take" else moving.bring_home(1, 2021)
"""


@pytest.fixture
def alice(database: object) -> int:
    """Twelve plays of 2021 and of 2023, sealed."""
    user_id, song = person("alice"), track("song")
    keys = [start + n * MINUTE for start in STARTS for n in range(12)]
    bulk_add.absorb(user_id, segment.of([{"played_at": at, "track": song, "source": 2}
                                         for at in keys]))  # fmt: skip
    sealing.seal(user_id, keep=0, trigger=0)
    return user_id


@pytest.fixture
def bucket(s3_bucket: Bucket) -> Iterator[S3Storage]:
    with bound(S3Storage(s3_bucket)) as one:
        yield one


def plays(user_id: int) -> list[tuple[datetime, int]]:
    forget_cache()
    return history.frame(user_id, columns=["played_at", "track"]).rows()


def are_the_same(user_id: int, before: list[tuple[datetime, int]]) -> None:
    found = plays(user_id)
    losses.none_of(found != before and f"{len(found)} plays, not the {len(before)} of before")


def moved() -> int:
    now = clock.now() + timedelta(days=30)
    own = prefix.own(objects.storage(), now)
    return sum(moving.take(*one, own) for one in moving.due(now, own))


def next_round() -> bool:
    moved()
    return len(moving.away()) == 2


@pytest.mark.races
@pytest.mark.parametrize(
    ("act", "moment", "is_away"),
    [
        ("take", "before it is put", False),
        ("take", "after it is put", False),
        ("take", "before the commit", False),
        ("take", "after change 2", True),
        ("home", "before change 1", True),
        ("home", "after change 1", False),
    ],
)
def test_killed_between_the_row_and_the_bucket_every_play_is_there_once(
    alice: int, bucket: S3Storage, database_url: str, act: str, moment: str, is_away: bool
) -> None:
    before = plays(alice)
    own = prefix.own(bucket, clock.now())
    if act == "home":
        assert moving.take(alice, 2021, own)
    done = subprocess.run(
        [sys.executable, "-c", MOVE, database_url, bucket.bucket.endpoint, own, act, moment],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    row = PlaySegment.get(PlaySegment.year == 2021)
    assert (bytes(row.blob) == b"") is is_away
    are_the_same(alice, before)
    assert integrity.examine(alice).faults == []
    until(next_round, "the database lets the lock of the killed process go")
    are_the_same(alice, before)
    found = sweeping.sweep(own, clock.now() + timedelta(days=31))
    sweeping.sweep(own, clock.now() + timedelta(days=90))
    assert sweeping.sweep(own, clock.now() + timedelta(days=91)).found == 2 <= found.found
    are_the_same(alice, before)
    losses.none_of(history.total(alice) != 24 and history.total(alice))


def refuses(trouble: Trouble) -> None:
    trouble.status, trouble.code = 403, "AccessDenied"


def fails(trouble: Trouble) -> None:
    trouble.status = 500


def is_slow(trouble: Trouble) -> None:
    trouble.slow = threading.Event()


def gives_other_bytes(trouble: Trouble) -> None:
    trouble.garble = True


@pytest.mark.parametrize("does", [refuses, fails, is_slow, gives_other_bytes])
def test_whatever_the_service_does_no_play_is_lost_or_doubled(
    alice: int, s3_bucket: Bucket, does: Callable[[Trouble], None]
) -> None:
    before = plays(alice)
    with in_front_of(s3_bucket.endpoint) as trouble:
        behind = replace(s3_bucket, endpoint=trouble.address)

        @contextmanager
        def troubled() -> Iterator[None]:
            """Little is waited for where nothing comes; the grace of a few seconds is added."""
            does(trouble)
            with bound(S3Storage(behind, seconds=0.3 if does is is_slow else 20)):
                yield
            trouble.heal()
            forget_cache()

        with bound(S3Storage(behind, seconds=20)):
            own = prefix.own(objects.storage(), clock.now())
            with troubled():
                with pytest.raises(StorageError):
                    moving.take(alice, 2021, own)
                assert moving.away() == []  # the row keeps its bytes
                assert plays(alice) == before
            assert moved() == 2
            assert plays(alice) == before
            forget_cache()
            with troubled():
                with pytest.raises(YearAwayError):
                    history.frame(alice)
                assert integrity.examine(alice).faults != []
                assert not DamagedSegment.select().exists()
                now = clock.to_ms(clock.now())
                song = Play.select().count() + 1
                append.polled([append.NewPlay(alice, now, song, None)])  # polls go on
                with pytest.raises(StorageError):
                    moving.bring_home(alice, 2021)
                assert len(moving.away()) == 2
            assert all(moving.bring_home(*one) for one in moving.away())
            assert plays(alice)[:-1] == before
            assert history.total(alice) == len(before) + 1
