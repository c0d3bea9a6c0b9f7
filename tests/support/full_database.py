"""A PostgreSQL server without room: the table of plays cannot grow, nor can any other so long.

The server's processes may make no file longer than that table is, which the system tells them as it
tells of a full disk: the statement fails. The server's log of changes must go on, so the table is
first made as long as one of its segments; start the server with `SMALL_SEGMENTS`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from tests.support.processes import descendants, parent, unprivileged

SMALL_SEGMENTS = "--wal-segsize=1"  # MB, an option of initdb
LONG = 1_200_000  # bytes
PADDING = "padding"  # the account that the table is filled up with
MORE = """
INSERT INTO plays (user_id, played_at, track_id, source)
SELECT u.id, COALESCE((SELECT MAX(played_at) FROM plays WHERE user_id = u.id), 0) + n, 1, 2
FROM users u, generate_series(1, %s) AS n WHERE u.spotify_id = %s
"""


@contextmanager
def full(url: str) -> Iterator[None]:
    """Within it no play can be stored; `url` is the server's own, not a pooler's.

    Needs an account with the `spotify_id` PADDING.
    """
    with psycopg.connect(url, autocommit=True) as admin:
        while (size := _size(admin)) < LONG:
            admin.execute(MORE, (5_000, PADDING))
        server = parent(admin.info.backend_pid)
        _file_size(server, size)
        try:
            with suppress(psycopg.Error):
                while True:  # until the last page is full
                    admin.execute(MORE, (1, PADDING))
            yield
        finally:
            _file_size(server, None)


def _size(admin: psycopg.Connection) -> int:
    (found,) = admin.execute("SELECT pg_relation_size('plays')").fetchone() or (0,)
    return int(found)


def _file_size(server: int, most: int | None) -> None:
    """For a server and all its sessions; those to come inherit it.

    By util-linux's command, as the server's own account: not even root may everywhere.
    """
    limit = f"--fsize={most or 'unlimited'}:unlimited"
    for pid in (server, *descendants(server)):
        subprocess.run(["prlimit", f"--pid={pid}", limit], check=pid == server, **unprivileged())
