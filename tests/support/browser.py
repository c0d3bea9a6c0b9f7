"""A real browser for the tests, and a gate: what its console complains about fails the test."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tools.system import chromium

PATIENCE = 60_000  # ms for what is bound to come; it ends a hopeless wait and measures nothing
# Parts of the browser's own window that no page sees. The suggestions under its address bar are
# pages of the browser in a process of their own, anew for each visitor: two thirds of what a
# visitor costs. A browser that does not know one of these names passes over it.
NO_WINDOW = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup",
    "SpareRendererForSitePerProcess",
)  # fmt: skip
# What Playwright turns off: of two such lists a browser reads the last alone.
OF_PLAYWRIGHT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding",
    "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints",
    "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
)  # fmt: skip
ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    f"--disable-features={','.join(NO_WINDOW + OF_PLAYWRIGHT)}",
]

# How people come: options of the browser's context by name.
MODES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced-colors": {"forced_colors": "active"},
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "no-js": {"java_script_enabled": False},
    "reduced-motion": {"reduced_motion": "reduce"},
}
OPTIONS: dict[str, Any] = {
    "locale": "en-GB",
    "timezone_id": "Europe/Berlin",
    "viewport": {"width": 1280, "height": 800},
}

# A page comes without transition if the browser had too much else to do, and it complains of that.
UNTURNED = re.compile(r"Transition was (?:aborted|skipped)")

OpenPage = Callable[..., Page]


class Gate:
    """Collects what pages do wrong: console errors, exceptions, failed and foreign requests."""

    def __init__(self) -> None:
        self._problems: list[str] = []
        self._allowed: list[re.Pattern[str]] = []

    def allow(self, pattern: str) -> None:
        """Let complaints that match `pattern` pass in this test, such as `404 http.*/nowhere`."""
        self._allowed.append(re.compile(pattern))

    @property
    def problems(self) -> list[str]:
        """What went wrong and was not allowed."""
        return [p for p in self._problems if not any(a.search(p) for a in self._allowed)]

    def watch(self, context: BrowserContext) -> None:
        """Look at everything that happens in `context` from now on."""
        context.on("console", lambda message: self._console(message.type, message.text))
        context.on("weberror", lambda failure: self._error(str(failure.error)))
        context.on("response", lambda answer: self._answer(answer.status, answer.url))
        context.on("request", lambda request: self._request(request.url))
        context.on("requestfailed", lambda request: self._failed(request.url, request.failure))

    def _note(self, problem: str) -> None:
        self._problems.append(problem)

    def _error(self, text: str) -> None:
        if not UNTURNED.search(text):
            self._note(f"exception: {text}")

    def _console(self, kind: str, text: str) -> None:
        # A failed load is reported once, with its address, by _answer and _failed.
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self._note(f"console {kind}: {text}")

    def _answer(self, status: int, url: str) -> None:
        if status >= 400:
            self._note(f"{status} {url}")

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("data", "blob", "about", "file"):
            return
        try:
            inside = ipaddress.ip_address(parts.hostname or "").is_loopback
        except ValueError:
            inside = False
        if not inside:
            self._note(f"foreign request: {url}")

    def _failed(self, url: str, reason: str | None) -> None:
        # Leaving a page ends its open requests, downloads end their navigation: no fault.
        if reason not in ("net::ERR_ABORTED", None):
            self._note(f"{reason} {url}")


def executable() -> str:
    """The browser to drive: Chromium's headless shell, or what else of Chromium there is."""
    found = chromium()
    if found is None:
        raise RuntimeError(
            "Chromium is not installed: run `make test`, it installs what is missing"
        )
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of the browser."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for the whole test run."""
    expect.set_options(timeout=PATIENCE)
    running = playwright.chromium.launch(
        executable_path=executable(), args=ARGUMENTS, timeout=2 * PATIENCE
    )
    yield running
    running.close()


@pytest.fixture
def gate() -> Iterator[Gate]:
    """What the browser may complain about in this test: nothing, unless `gate.allow(...)`."""
    watching = Gate()
    yield watching
    assert watching.problems == []


@pytest.fixture
def open_page(browser: Browser, gate: Gate) -> Iterator[OpenPage]:
    """Open a page for a new visitor: `open_page("dark", "narrow", base_url=...)`.

    Names are those of MODES; further options are those of Playwright's `new_context`. Every call
    is another visitor with cookies of their own.
    """
    contexts: list[BrowserContext] = []

    def run(*modes: str, **options: Any) -> Page:
        merged = dict(OPTIONS)
        for mode in modes:
            merged |= MODES[mode]
        context = browser.new_context(**(merged | options))
        context.set_default_timeout(PATIENCE)
        gate.watch(context)
        contexts.append(context)
        return context.new_page()

    yield run
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A page in an ordinary browser window."""
    return open_page()


@pytest.fixture(params=sorted(MODES))
def page_in_each_mode(request: pytest.FixtureRequest, open_page: OpenPage) -> Page:
    """The same page, once for each of MODES."""
    return open_page(request.param)
