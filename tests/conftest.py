"""What every test may ask for; the fixtures themselves are in tests/support."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ["TZ"] = "America/St_Johns"  # -03:30 with summer time: local time must not matter
time.tzset()
os.environ.pop("PYTHONWARNINGS", None)
for name in ("DATABASE_URL", "REDIS_URL", "AUDIOSPECTIVE_HOME", "BASE_URL", "SECRET_KEY"):
    os.environ.pop(name, None)  # a developer's own settings never reach a test
os.environ["AUDIOSPECTIVE_ENV_FILE"] = ""  # nor does their `.env`

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
    "tests.support.network",
    "tests.support.signals",
    "tests.support.clocks",
    "tests.support.redis",
    "tests.support.postgres",
    "tests.support.sqlite",
    "tests.support.databases",
    "tests.support.browser",
    "tests.support.trouble",
    "tests.fixtures",
]

# Real browsers, killed processes and servers that are stopped race with whatever else the machine
# does. They get a second chance, and the summary says so; everything else has to pass at once.
RACING = ("browser", "jobs", "supervisor")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that may be tried once more."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.relative_to(here).parts[0] in RACING:
            item.add_marker(pytest.mark.flaky(reruns=1))
