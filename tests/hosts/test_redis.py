"""Redis as hosts sell it: few clients, or TLS with a certificate nobody signed."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
import requests

from audiospective import clock
from audiospective.models import Connection
from tests.hosts.deployment import audiospective, pages
from tests.jobs.stack import ROOT, running
from tests.support import redis as servers
from tests.support.processes import until


@pytest.mark.races
def test_a_plan_of_twenty_clients_serves_pages_worker_and_scheduler(sqlite_database_url, tmp_path):
    with (
        servers.running("--maxclients", "20") as url,
        running(sqlite_database_url, url, tmp_path / "home") as stack,
        pages(stack, tmp_path / "web") as port,
        ThreadPoolExecutor(16) as visitors,
    ):
        stack.people(30)
        Connection.update(authorized_at=clock.now()).execute()  # so no poll is late yet
        stack.start("worker.py")
        stack.start("scheduler.py")
        stack.enqueue_batch()
        asked = [f"http://127.0.0.1:{port}{path}" for path in ("/readyz", "/sign-in") * 60]
        found = visitors.map(lambda address: requests.get(address, timeout=60).status_code, asked)
        assert set(found) == {200}
        until(lambda: stack.polled() == 30, "all 30 are polled")
        with redis.Redis.from_url(url) as client:
            assert client.info("stats")["rejected_connections"] == 0
            assert len(client.client_list()) < 20  # the test itself is two or three of them


@pytest.mark.races
def test_a_self_signed_redis_is_named_and_can_be_allowed(sqlite_database_url, tmp_path):
    with (
        servers.running_tls(tmp_path / "tls") as url,
        running(sqlite_database_url, url, tmp_path / "home") as stack,
    ):
        done = subprocess.run(
            [sys.executable, "worker.py"],
            cwd=ROOT,
            env=stack.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 3
        assert "set REDIS_TLS_VERIFY=off" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        status, out, _ = audiospective(stack, "doctor")
        assert status == 1
        assert "set REDIS_TLS_VERIFY=off" in out
        stack.environment["REDIS_TLS_VERIFY"] = "off"
        stack.people(3)
        stack.start("worker.py")
        assert audiospective(stack, "tick")[0] == 0
        until(lambda: stack.polled() == 3, "all three are polled over TLS")
