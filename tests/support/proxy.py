"""A real proxy in front of the pages that tells them the scheme and nothing else."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import accepts, free_port, start, stop, until

CONFIGURATION = """\
global
    maxconn 100
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 60s
frontend pages
    bind 127.0.0.1:{port}
    http-request set-header X-Forwarded-Proto https
    default_backend site
backend site
    server one 127.0.0.1:{site_port}
"""


@contextmanager
def running(home: Path, site_port: int) -> Iterator[int]:
    """HAProxy as if it ended TLS: every request arrives as https; yields its port."""
    home.mkdir(parents=True, exist_ok=True)
    port, file = free_port(), home / "haproxy.cfg"
    file.write_text(CONFIGURATION.format(port=port, site_port=site_port))
    found = shutil.which("haproxy") or "/usr/sbin/haproxy"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    proxy = start([found, "-db", "-f", str(file)], **quiet)
    try:
        until(lambda: proxy.poll() is not None or accepts(port), "the proxy answers")
        assert proxy.poll() is None, "the proxy ended at its start"
        yield port
    finally:
        stop(proxy)
