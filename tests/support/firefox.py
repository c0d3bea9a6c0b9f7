"""Firefox for the tests, by WebDriver BiDi, which it speaks itself: no driver stands between."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Thread, Timer
from typing import IO, Any

from websockets.sync.client import ClientConnection, connect

from tools.system import FIREFOX, unconfined

MAC = Path("/Applications/Firefox.app/Contents/MacOS/firefox")
START = 180.0  # seconds until it listens, on a machine with much else to do
LISTENING = re.compile(r"BiDi listening on (ws://\S+)")
CLOSED = "127.0.0.1"  # as proxy, at a port where nobody listens: nothing gets out of this machine
PREFERENCES = {
    "network.proxy.type": 1,
    **{f"network.proxy.{kind}": CLOSED for kind in ("http", "ssl")},
    **{f"network.proxy.{kind}_port": 9 for kind in ("http", "ssl")},
    "browser.shell.checkDefaultBrowser": False,
    "browser.sessionstore.resume_from_crash": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "intl.accept_languages": "en-GB",
}


class FirefoxError(Exception):
    """What Firefox answered instead of a result, or that it did not start."""


class Firefox:
    """One tab; `requests` are the addresses it asked for, `complaints` what its console said."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = count(1)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.command("session.new", capabilities={})
        (tab,) = self.command("browsingContext.getTree")["contexts"]
        self._tab = tab["context"]
        self.command(
            "session.subscribe",
            events=["network.beforeRequestSent", "log.entryAdded"],
            contexts=[self._tab],
        )

    def command(self, method: str, **parameters: Any) -> Any:
        """Its result; raises FirefoxError, or TimeoutError after START seconds of silence."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._socket.recv(timeout=START))
            if told.get("id") == number:
                if told["type"] == "error":
                    raise FirefoxError(f"{method}: {told['error']}, {told['message']}")
                return told["result"]
            self._note(told)

    def go(self, address: str) -> None:
        """Open an address, until its document is there."""
        self.command("browsingContext.navigate", context=self._tab, url=address, wait="interactive")

    def size(self, width: int, height: int) -> None:
        viewport = {"width": width, "height": height}
        self.command("browsingContext.setViewport", context=self._tab, viewport=viewport)

    def picture(self) -> str:
        """The whole page as PNG in base64."""
        found = self.command(
            "browsingContext.captureScreenshot", context=self._tab, origin="document"
        )
        return str(found["data"])

    def run(self, script: str) -> Any:
        """What a function of the page returns or promises; raises FirefoxError if it throws."""
        found = self.command(
            "script.callFunction",
            functionDeclaration=f"async () => JSON.stringify(await ({script})())",
            awaitPromise=True,
            target={"context": self._tab},
        )
        if found["type"] == "exception":
            raise FirefoxError(found["exceptionDetails"]["text"])
        said = found["result"].get("value")  # none: the function returned nothing
        return None if said is None else json.loads(said)

    def _note(self, event: dict[str, Any]) -> None:
        said = event.get("params", {})
        if event.get("method") == "network.beforeRequestSent":
            self.requests.append(said["request"]["url"])
        elif event.get("method") == "log.entryAdded" and said["level"] in ("error", "warn"):
            self.complaints.append(said["text"])


def executable() -> str | None:
    """Where Firefox is, if it is here."""
    found = unconfined(*FIREFOX)
    return found or (str(MAC) if MAC.exists() else None)


@contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """A Firefox without window, with a new profile in `folder`; raises FirefoxError."""
    profile = folder / "firefox"
    profile.mkdir()
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    program = executable()
    if program is None:
        raise FirefoxError("there is no Firefox here; tools/system.py installs it")
    process = subprocess.Popen(
        [program, "--headless", "--no-remote", "--profile", str(profile),
         "--remote-debugging-port", "0"],
        env={**os.environ, "HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        with connect(f"{_address(process)}/session", compression=None, max_size=None) as socket:
            yield Firefox(socket)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # its tabs are processes of their own
        process.wait()


def _address(process: subprocess.Popen[str]) -> str:
    """Where it listens, as it says itself."""
    assert process.stderr is not None
    timer = Timer(START, process.kill)
    timer.start()
    try:
        said: list[str] = []
        for line in process.stderr:
            said.append(line)
            found = LISTENING.search(line)
            if found:
                Thread(target=_drain, args=(process.stderr,)).start()  # lest the pipe fills
                return found[1]
        raise FirefoxError(f"Firefox did not start: {''.join(said)[-2000:]}")
    finally:
        timer.cancel()


def _drain(stream: IO[str]) -> None:
    with stream:
        stream.read()
