"""The web server's worker and log: how long a visitor can hold a thread, and what is repeated."""

from __future__ import annotations

import errno
import logging
import selectors
import socket
from functools import partial
from typing import Any

from gunicorn import glogging, util
from gunicorn.workers import gthread
from werkzeug.exceptions import ClientDisconnected

from audiospective import clock, log

HEAD_SECONDS = 10.0  # for a request line and its headers, however many pieces they come in
HEAD_BYTES = 64 * 1024  # of a head that is longer, gunicorn says itself what it is
BODY_SECONDS = 20.0  # for a body, and more at
BYTES_A_SECOND = 8 * 1024  # for each of its bytes
SEND_SECONDS = 30.0  # for a visitor to take a part of an answer
LINGER_SECONDS = 1.0  # before a connection is cut whose visitor still sends


class BoundedSocket(socket.socket):
    """A connection whose reads together end at a given time: a drip is no progress."""

    ends = 0.0
    late = False
    in_body = False  # while a view may be reading: a body that breaks off must not pass for whole

    def allow(self, seconds: float) -> None:
        """Let what is read from now on take so long in all."""
        self.ends = clock.monotonic() + seconds

    def recv(self, size: int, flags: int = 0) -> bytes:
        left = self.ends - clock.monotonic()
        found = b""
        if left > 0:
            self.settimeout(left)
            try:
                found = super().recv(size, flags)
            except TimeoutError:
                self.late = True
        else:
            self.late = True
        if not found and self.in_body:
            raise ClientDisconnected  # 400; the view does not run on a part of a form
        return found

    def has_head(self) -> bool:
        """Whether the head of a request is there, or the visitor has gone; reads nothing.

        If not, the connection counts as readable again only when more has come.
        """
        try:
            found = super().recv(HEAD_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True  # the thread finds out what is wrong
        complete = b"\r\n\r\n" in found or len(found) in (0, HEAD_BYTES)
        wanted = 1 if complete else len(found) + 1
        self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)
        return complete

    def sendall(self, data: Any, flags: int = 0) -> None:
        self.settimeout(SEND_SECONDS)
        try:
            super().sendall(data, flags)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the visitor takes nothing") from None


class Worker(gthread.ThreadWorker):
    """Threads that wait for nobody.

    gunicorn's own lets half a request hold a thread for as long as its visitor likes, and closes
    connections in the one thread that accepts them, up to two seconds each. Here a request gets a
    thread once its head is there, and closing is the thread's business.
    """

    def accept(self, listener: Any) -> None:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                return
            raise
        self.nr_conns += 1
        bounded = BoundedSocket(client.family, client.type, client.proto, fileno=client.detach())
        self._await_head(gthread.TConn(self.cfg, bounded, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """The next request on a connection that was kept alive."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_head(conn)

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        if self.cfg.is_ssl or conn.sock.has_head():
            super().on_pending_socket_readable(conn, client)

    def handle(self, conn: Any) -> Any:
        conn.sock.allow(HEAD_SECONDS)
        result = super().handle(conn)
        if result is False:
            if conn.sock.late:
                util.close(conn.sock)
            else:
                util.close_graceful(conn.sock, timeout=LINGER_SECONDS)
        return result

    def handle_request(self, req: Any, conn: Any) -> bool:
        length = next((value for name, value in req.headers if name == "CONTENT-LENGTH"), "")
        size = int(length) if length.isdigit() and len(length) < 16 else 0
        conn.sock.allow(BODY_SECONDS + size / BYTES_A_SECOND)
        conn.sock.in_body = True
        try:
            return bool(super().handle_request(req, conn))
        finally:
            conn.sock.in_body = False

    def _await_head(self, conn: Any) -> None:
        conn.sock.setblocking(False)
        conn.timeout = clock.monotonic() + HEAD_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(
            conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn)
        )

    def _cap_keepalive(self, deadline: float) -> None:
        """A server that stops waits no longer for half a request than for the next one."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)


class Log(glogging.Logger):
    """gunicorn's log, as JSON and without what it would quote of a request: path and address."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(log.JsonFormatter())

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        if str(msg).startswith("Invalid request"):
            msg, args = "a request that is not HTTP was refused", ()
        super().warning(msg, *args, **kwargs)

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        text = str(msg)
        if text.startswith("Error handling request"):
            text, args = "a request ended in an error", ()
        self.error_log.log(logging.ERROR, text, *args, exc_info=True, **kwargs)
