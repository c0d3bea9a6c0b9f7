"""Connections to servers that members name: only to addresses of the public Internet."""

from __future__ import annotations

import socket
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from audiospective.policy import public_addresses


def connect(connection: Any) -> socket.socket:
    """What `_new_conn` of a urllib3 HTTPConnection returns: a socket to an address looked at here.

    By its name the server could mean another address a moment later. Raises NewConnectionError.
    """
    name = connection._dns_host
    try:
        known = socket.getaddrinfo(name, connection.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    address = public_addresses.first([str(one[4][0]) for one in known])
    if address is None:
        said = f"{connection.host} does not lead to the public Internet"
        raise NewConnectionError(connection, said)
    connection._dns_host = address
    try:
        return HTTPConnection._new_conn(connection)
    finally:
        connection._dns_host = name
