"""A real PgBouncer; in transaction mode each transaction may meet another server connection."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.support.processes import free_port, start, stop, unprivileged, until

CONFIGURATION = """\
[databases]
* = host=127.0.0.1 port={server_port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {home}/users
pool_mode = {mode}
admin_users = {admin}
ignore_startup_parameters = options
default_pool_size = 3
max_client_conn = 200
server_lifetime = 1
logfile = {home}/log
"""


@contextmanager
def running(database_url: str, mode: str = "transaction", admin: str = "") -> Iterator[str]:
    """A pooler in front of the server of `database_url`; yields that database's URL through it.

    `admin` may ask its console.
    """
    parts = urlsplit(database_url)
    home, port, account = Path(tempfile.mkdtemp(prefix="audiospective-pool-")), free_port(), {}
    (home / "users").write_text(f'"{parts.username}" ""\n')
    file = home / "pgbouncer.ini"
    file.write_text(
        CONFIGURATION.format(server_port=parts.port, port=port, home=home, mode=mode, admin=admin)
    )
    account = unprivileged()  # it refuses to run as root
    if account:
        for path in (home, *home.iterdir()):
            os.chown(path, account["user"], account["group"])
    found = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    pooler = start([found, str(file)], cwd=home, **quiet, **account)
    url = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"
    try:
        until(lambda: pooler.poll() is not None or _answers(url), "PgBouncer answers")
        assert pooler.poll() is None, (home / "log").read_text()
        yield url
    finally:
        stop(pooler)
        shutil.rmtree(home, ignore_errors=True)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
