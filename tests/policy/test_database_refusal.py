"""What a database that cannot be used is said to lack, by what its driver says."""

from __future__ import annotations

import pytest

from audiospective.policy import database_refusal

FAILED = 'connection failed: connection to server at "10.0.0.7", port 5432 failed: '
SAID = [
    (f"{FAILED}SSL error: certificate verify failed", "has expired"),
    (f'{FAILED}FATAL:  password authentication failed for user "u"', "password"),
    (f'{FAILED}FATAL:  no pg_hba.conf entry for host "10.0.0.8", user "u"', "let this user in"),
    (f'{FAILED}FATAL:  database "x" does not exist', "no such database"),
    (f'{FAILED}FATAL:  role "x" does not exist', "no such database or user"),
    (f"{FAILED}FATAL:  no such database: x", "no such database"),
    (f"{FAILED}FATAL:  the database system is starting up", "starting or stopping"),
    (f"{FAILED}FATAL:  the database system is shutting down", "starting or stopping"),
    ("failed to resolve host 'db.example': [Errno -2] Name or service not known", "host"),
    (f"{FAILED}Connection refused", "nothing listens"),
    (f"{FAILED}FATAL:  sorry, too many clients already", "connections"),
    (f"{FAILED}FATAL:  remaining connection slots are reserved for roles with", "connections"),
]


@pytest.mark.parametrize(("said", "words"), SAID)
def test_the_cause_is_named_and_no_address(said: str, words: str) -> None:
    found = database_refusal.known(said)
    assert found is not None
    assert words in found[0]
    assert "10.0.0" not in "".join(found)


UNKNOWN = [
    "server closed the connection unexpectedly",
    'relation "migration_history" does not exist\nLINE 1: SELECT "t1"."name" FROM',
    'schema "archive" does not exist',
    'prepared statement "_pg3_0" does not exist',
    'column "database" does not exist',
]


@pytest.mark.parametrize("said", UNKNOWN)
def test_what_is_not_known_is_left_to_its_own_words(said: str) -> None:
    assert database_refusal.known(said) is None
