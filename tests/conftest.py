"""What every test may ask for; the fixtures themselves are in tests/support."""

from __future__ import annotations

import os
import time

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
    "tests.support.s3",
    "tests.support.postgres",
    "tests.support.sqlite",
    "tests.support.databases",
    "tests.support.browser",
    "tests.support.trouble",
    "tests.fixtures",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test marked `races` may be tried once more, and the summary says so.

    What it watches (a killed process, a server that comes back, a page that refreshes itself)
    runs beside whatever else the machine does. Every other test has to pass at once.
    """
    for item in items:
        if item.get_closest_marker("races"):
            item.add_marker(pytest.mark.flaky(reruns=1))
