"""What a Redis that cannot be used is said to lack."""

from __future__ import annotations

from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from audiospective.policy import redis_refusal

AWAY = [
    ("[SSL] certificate verify failed: self-signed", "set REDIS_TLS_VERIFY=off."),
    ("DENIED Redis is running in protected mode because", "Give it a password"),
    ("Error 111 connecting to 127.0.0.1:1. Connection refused.", "nothing listens"),
    ("Error -2 connecting to r.example:6379. Name or service not known.", "name of its host"),
    ("Error -3 connecting to r:1. Temporary failure in name resolution.", "name of its host"),
    ("Timeout connecting to server", "the server does not answer (away)."),
]
# As servers say it; the client turns the first word into a class, where it knows one.
ANSWERS = [
    ("OOM command not allowed when used memory > 'maxmemory'.", "is full", True),
    ("MISCONF Redis is configured to save RDB snapshots", "Make room on its disk", True),
    ("READONLY You can't write against a read only replica.", "name the primary", True),
    ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is", "primary", True),
    ("NOREPLICAS Not enough good replicas to write.", "too few copies", True),
    ("NOPERM this user has no permissions to run the 'set' command", "do too little", True),
    ("NOPERM User u has no permissions to access the 'tried' key", "do too little", True),
    ("CLUSTERDOWN Hash slot not served", "part of a cluster", True),
    ("CLUSTERDOWN The cluster is down", "part of a cluster", True),
    ("CROSSSLOT Keys in request don't hash to the same slot", "part of a cluster", True),
    ("MOVED 3999 10.0.0.7:6381", "part of a cluster", True),
    ("ERR SELECT is not allowed in cluster mode", "part of a cluster", True),
    ("WRONGPASS invalid username-password pair or user is disabled.", "the password", False),
    ("ERR invalid password", "the password", False),
    ("NOAUTH Authentication required.", "wants a password", False),
    ("ERR max number of clients reached", "connections of the server are in use", False),
    ("LOADING Redis is loading the dataset in memory", "reading what it had saved", False),
    ("ERR DB index is out of range", "no database of that number", False),
]


@pytest.mark.parametrize(("said", "words"), AWAY)
def test_what_keeps_it_from_being_reached_is_named(said: str, words: str) -> None:
    error = RedisConnectionError(said)
    assert words in redis_refusal.in_words(error, "away")
    assert not redis_refusal.takes_nothing(error)


@pytest.mark.parametrize(("said", "words", "takes_nothing"), ANSWERS)
def test_what_a_server_refuses_is_named(said: str, words: str, takes_nothing: bool) -> None:
    error = from_the_server(said)
    found = redis_refusal.in_words(error, "refused")
    assert words in found
    assert "10.0.0" not in found
    assert redis_refusal.takes_nothing(error) == takes_nothing


def from_the_server(said: str) -> RedisError:
    """What the client makes of such an answer."""
    from redis._parsers.base import BaseParser

    parse: Any = BaseParser.parse_error
    found = parse(said)
    assert isinstance(found, RedisError)
    return found
