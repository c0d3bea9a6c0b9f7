"""What every test may ask for; the fixtures themselves are in tests/support."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import memory
from tests.support.losses import LossError

os.environ["TZ"] = "America/St_Johns"  # -03:30 with summer time: local time must not matter
time.tzset()
os.environ.pop("PYTHONWARNINGS", None)
for name in ("DATABASE_URL", "REDIS_URL", "AUDIOSPECTIVE_HOME", "BASE_URL", "SECRET_KEY"):
    os.environ.pop(name, None)  # a developer's own settings never reach a test
os.environ["AUDIOSPECTIVE_ENV_FILE"] = ""  # nor does their `.env`
memory.use()

# The same cases on every machine, and no verdict that depends on how busy it is.
settings.register_profile(
    "house",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")

pytest_plugins = [
    "tests.support.leftovers",
    "tests.support.network",
    "tests.support.applications",
    "tests.support.signals",
    "tests.support.clocks",
    "tests.support.redis",
    "tests.support.s3",
    "tests.support.postgres",
    "tests.support.sqlite",
    "tests.support.databases",
    "tests.support.browser",
    "tests.support.trouble",
    "tests.fixtures",
]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """One process more than there are cores, unless PYTEST_XDIST_AUTO_NUM_WORKERS says else.

    A third of a run is waiting for servers, browsers and the next minute, which leaves cores idle.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    mine = getattr(os, "sched_getaffinity", None)  # on Linux a process may have fewer than all
    return (len(mine(0)) if mine else os.cpu_count() or 1) + 1


# Folders whose tests take longest go first: what begins last keeps one process waiting for another.
LONGEST = ("supervisor", "hosts", "simulation", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test marked `races` may be tried once more, and the summary says so.

    What it watches (a killed process, a server that comes back, a page that refreshes itself)
    runs beside whatever else the machine does. Every other test has to pass at once, and a loss is
    none that may have come by chance.
    """
    ranks = {Path(__file__).parent / name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.parent, len(ranks)))
    for item in items:
        if item.get_closest_marker("races"):
            item.add_marker(pytest.mark.flaky(reruns=1, rerun_except=LossError))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Nothing that is loaded becomes garbage: to look for some takes a sixth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Modules and tests stay until the end: no collection of garbage looks through them again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)  # nor seven times for what one page makes
