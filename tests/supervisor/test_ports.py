"""Ports: taken ones are seen, the next free one is found."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from audiospective.supervisor import ports
from tests.support.processes import free_port

HOST = "127.0.0.1"


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def taken(request: pytest.FixtureRequest) -> Iterator[int]:
    with socket.socket() as server:
        server.bind((request.param, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_not_free(taken: int) -> None:
    assert not ports.is_free(HOST, taken)


def test_the_next_free_port_is_found(taken: int) -> None:
    found = ports.first_free(HOST, taken)
    assert found is not None
    assert found > taken
    assert ports.is_free(HOST, found)


def test_a_port_to_avoid_is_passed_over() -> None:
    port = free_port()
    assert ports.first_free(HOST, port, frozenset({port})) != port


def test_a_port_just_left_is_free_again() -> None:
    """Connections in TIME_WAIT must not move the archive to another address."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        server.bind((HOST, 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection((HOST, port)) as client:
            accepted, _ = server.accept()
            accepted.close()
            assert client.recv(1) == b""
    assert ports.is_free(HOST, port)


def test_nothing_free_is_an_answer_too() -> None:
    assert ports.first_free(HOST, 65535, frozenset({65535})) is None
