"""What keeps a PostgreSQL server from being used, in words that name nobody's address."""

from __future__ import annotations

import re

_STARTS_OR_STOPS = ("the server is starting or stopping", "Wait; its own log says what it does.")
# By what the driver's error says, in small letters: what is wrong, and what to do.
_KNOWN = {
    "certificate verify failed": (
        "the server's certificate is not trusted, or has expired",
        "Have it renewed at the server; sslrootcert in DATABASE_URL names who signs it.",
    ),
    "password authentication failed": (
        "the server refuses the password",
        "Correct DATABASE_URL; some hosts change it by themselves.",
    ),
    r"pg_hba\.conf": (
        "the server does not let this user in from here",
        "Allow it there, or add sslmode=require to DATABASE_URL.",
    ),
    # A table, a schema or a prepared statement that "does not exist" is something else. The second
    # is PgBouncer's.
    r'(?:database|role) ".*" does not exist|no such (?:database|user): ': (
        "the server knows no such database or user",
        "Correct DATABASE_URL, or create what it names.",
    ),
    "failed to resolve host": (
        "the name of its host is not known",
        "Correct DATABASE_URL, or look after the network.",
    ),
    "connection refused": (
        "nothing listens at its address",
        "Start the server, or correct DATABASE_URL.",
    ),
    "too many clients": (
        "all connections of the server are in use",
        "Start fewer processes, or put PgBouncer in between.",
    ),
    "the database system is (?:starting up|shutting down|in recovery|not )": _STARTS_OR_STOPS,
    "connection slots are reserved": (
        "all connections of the server are in use",
        "Start fewer processes, or put PgBouncer in between.",
    ),
}


def known(said: str) -> tuple[str, str] | None:
    """(what is wrong, what to do) where the text of the driver's error tells, else None."""
    lower = said.lower()
    return next((words for part, words in _KNOWN.items() if re.search(part, lower)), None)
