"""A real proxy in front of the pages, over one web process or several."""

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
    http-request set-header X-Forwarded-Proto {scheme}
    default_backend site
backend site
    option redispatch 1
    retries 20
    retry-on {retry}
{servers}
"""


@contextmanager
def running(
    home: Path, *site_ports: int, scheme: str = "https", retry: str = "conn-failure"
) -> Iterator[int]:
    """HAProxy as if it ended TLS: every request arrives as https; yields its port.

    Of several processes one that refuses the connection is left out, as routers of platforms do.
    """
    home.mkdir(parents=True, exist_ok=True)
    port, file = free_port(), home / "haproxy.cfg"
    servers = "\n".join(f"    server web{one} 127.0.0.1:{one}" for one in site_ports)
    file.write_text(CONFIGURATION.format(port=port, scheme=scheme, retry=retry, servers=servers))
    found = shutil.which("haproxy") or "/usr/sbin/haproxy"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    proxy = start([found, "-db", "-f", str(file)], **quiet)
    try:
        until(lambda: proxy.poll() is not None or accepts(port), "the proxy answers")
        assert proxy.poll() is None, "the proxy ended at its start"
        yield port
    finally:
        stop(proxy)
