"""Questions whether a server answers yet; each takes a second at most and never raises."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable

LONGEST = 1.0  # seconds


def http_answers(host: str, port: int, path: str = "/") -> Callable[[], bool]:
    """Whether a web server answers, with anything but a fault of its own."""

    def ask() -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=LONGEST)
        try:
            connection.request("GET", path)
            return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask


def redis_answers(host: str, port: int, password: str) -> Callable[[], bool]:
    """Whether a Redis server has loaded its data and takes commands."""

    def ask() -> bool:
        try:
            with socket.create_connection((host, port), timeout=LONGEST) as connection:
                connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:  # one line for each command
                    data = connection.recv(256)
                    if not data:
                        return False
                    answer += data
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    return ask
