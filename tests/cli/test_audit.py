"""`make audit` asks about every pinned package, and fails for one with a known weakness."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.jobs.stack import ROOT
from tests.tooling.test_tools import load

WEAK = "werkzeug"
KNOWN = {
    "id": "PYSEC-2026-1", "summary": "A weakness", "details": "",
    "modified": "2026-01-01T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "affected": [{
        "package": {"name": WEAK, "ecosystem": "PyPI"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
    }],
}  # fmt: skip


class Advisories:
    """A stand-in for osv.dev that knows of a weakness of the packages in `weak`."""

    def __init__(self, url: str) -> None:
        self.url, self.weak = url, set[str]()
        self.asked: dict[str, str] = {}


@pytest.fixture
def advisories() -> Iterator[Advisories]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            found.asked[name] = query["version"]
            body = json.dumps({"vulns": [KNOWN]} if name in found.weak else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Advisories(f"http://127.0.0.1:{server.server_port}/v1/query")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def test_a_known_weakness_of_a_pinned_package_fails_the_audit(
    advisories: Advisories, tmp_path: Path
) -> None:
    (recipe,) = re.findall(r"python -m (pip_audit .+) \$\(ARGS\)", (ROOT / "Makefile").read_text())
    command = [
        *(sys.executable, "-m", *recipe.split(), "--cache-dir", str(tmp_path)),
        *("--vulnerability-service", "osv", "--osv-url", advisories.url),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert advisories.asked == load("sbom").pinned()
    advisories.weak = {WEAK}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "PYSEC-2026-1" in done.stdout
    assert "99.0" in done.stdout
