"""The servers, the browser and the guards that the other tests stand on."""

from __future__ import annotations

import gc
import logging
import os
import re
import socket
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import playwright
import psycopg
import pytest
import redis
from playwright.sync_api import Page

from audiospective import clock, log
from audiospective.services import Services
from tests.support import losses
from tests.support.browser import OF_PLAYWRIGHT, Gate
from tests.support.clocks import Frozen
from tests.support.leftovers import as_found, connections_closed
from tests.support.losses import LossError
from tests.support.network import OutsideWorldError
from tests.support.processes import accepts, free_port
from tests.support.redis import hang_up

PAGE = b"""<!doctype html><title>A page</title><link rel=icon href="data:,">
<script>%s</script><p>here</p>"""


@pytest.fixture
def site() -> Iterator[str]:
    """A server whose page runs the script in its query."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.startswith("/?")
            self.send_response(200 if found else 404)
            self.send_header("Content-Security-Policy", "connect-src 'self'")
            self.end_headers()
            script = urllib.request.unquote(self.path.partition("?")[2]).encode()
            self.wfile.write(PAGE % script)

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_postgres_is_real(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("select version()").fetchone()
    assert row is not None
    assert row[0].startswith("PostgreSQL")


def test_redis_is_real_and_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        assert client.info("server")["redis_version"]


def test_hanging_up_leaves_no_connection_to_redis(services: Services) -> None:
    services.redis.ping()
    (connection,) = services.redis.connection_pool._connections
    assert connection.is_connected
    hang_up(services.redis)
    assert not connection.is_connected


@pytest.mark.parametrize("address", [("93.184.215.14", 80), ("2606:2800::1", 80), ("8.8.8.8", 53)])
def test_no_test_reaches_another_machine(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as client, pytest.raises(OutsideWorldError):
        client.connect(address)


def test_no_test_looks_up_a_name() -> None:
    with pytest.raises(OutsideWorldError):
        socket.getaddrinfo("api.spotify.com", 443)


@pytest.mark.races
def test_a_second_try_hides_no_loss(request: pytest.FixtureRequest) -> None:
    (marker,) = request.node.iter_markers("flaky")
    assert marker.kwargs == {"reruns": 1, "rerun_except": LossError}
    losses.none_of([])
    with pytest.raises(LossError, match="a play"):
        losses.none_of(["a play"])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere its server could not come")
def test_a_free_port_is_kept_for_its_server() -> None:
    port = free_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    assert not accepts(port)
    with socket.create_server(("127.0.0.1", port)):
        assert accepts(port)


def test_time_stands_still_until_it_is_moved(frozen: Frozen) -> None:
    before = clock.now()
    assert clock.now() == before
    frozen.forward(minutes=61)
    assert (clock.now() - before).total_seconds() == 61 * 60


def test_a_page_without_fault_passes_the_gate(page: Page, gate: Gate, site: str) -> None:
    page.goto(f"{site}/?document.title='run'")
    assert page.title() == "run"
    assert gate.problems == []


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.error('oh')", "console error: oh"),
        ("throw new Error('thrown')", "thrown"),
        ("fetch('/missing')", "404 http"),
        ("new Image().src='https://tracker.example/x'", "foreign request"),
        ("fetch('http://127.0.0.1:9/x').catch(() => 0)", "Content Security Policy"),
    ],
)
def test_the_gate_sees_each_fault(
    page: Page, gate: Gate, site: str, script: str, complaint: str
) -> None:
    page.goto(f"{site}/?{script}")
    page.wait_for_load_state("networkidle")
    assert any(complaint in problem for problem in gate.problems), gate.problems
    gate.allow(".")


def test_a_transition_that_the_browser_leaves_out_is_no_fault(
    page: Page, gate: Gate, site: str
) -> None:
    reason = "Transition was aborted because of invalid state. Page already revealed"
    thrown = f"Promise.reject(new DOMException('{reason}', 'InvalidStateError'))"
    with page.context.expect_event("weberror"):
        page.goto(f"{site}/?{thrown}")
    assert gate.problems == []


def test_the_browser_lacks_all_that_playwright_turns_off() -> None:
    """Both lists are one switch, of which a browser reads the last one alone."""
    script = Path(playwright.__file__).parent / "driver/package/lib/coreBundle.js"
    (listed,) = re.findall(r"disabledFeatures = \[\n(.*?)\]", script.read_text(), re.DOTALL)
    names = {*re.findall(r'^ *"(\w+)"', listed, re.MULTILINE)}
    elsewhere = {name for name in names if name.startswith("ms") or name.endswith("Win")}
    assert names - elsewhere == {*OF_PLAYWRIGHT}


def test_every_mode_shows_the_page(page_in_each_mode: Page, site: str) -> None:
    page_in_each_mode.goto(f"{site}/?")
    assert page_in_each_mode.locator("p").inner_text() == "here"


def test_a_connection_that_is_left_open_fails_the_test_that_left_it(postgres_url: str) -> None:
    with pytest.raises(AssertionError, match="is closed"), connections_closed(seconds=0):
        left = psycopg.connect(postgres_url)
    assert left.closed


def test_what_a_command_sets_for_its_process_is_set_back(tmp_path: Path) -> None:
    logger = logging.getLogger(log.ROOT)
    with as_found():
        before = (dict(os.environ), Path.cwd(), logger.level, logger.handlers[:])
        log.configure("DEBUG")
        os.environ["TZ"] = "UTC"
        os.environ["LEFT"] = "behind"
        os.chdir(tmp_path)
        logging.disable(logging.CRITICAL)
        gc.disable()
    assert (dict(os.environ), Path.cwd(), logger.level, logger.handlers[:]) == before
    assert logging.root.manager.disable == logging.NOTSET
    assert gc.isenabled()
