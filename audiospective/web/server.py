"""The web server's worker and log: how long a visitor can hold a thread, and what is repeated.

One module although it is long: a connection and the worker that keeps it know each other's bounds.
"""

from __future__ import annotations

import errno
import logging
import re
import select
import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from gunicorn import glogging, util
from gunicorn.errors import ConfigError
from gunicorn.workers import gthread
from werkzeug.exceptions import ClientDisconnected

from audiospective import clock, log
from audiospective.web import sources
from audiospective.web.sources import Sources

REQUEST_SECONDS = 20.0  # for a request to come, in however many pieces, before it gets a thread
REQUEST_BYTES = 64 * 1024  # of it are awaited; a thread reads what a longer body has beyond that
HEAD_SECONDS = 2.0  # to read a head that is there
STALLED_SECONDS = 10.0  # for a longer body, and more at
BYTES_A_SECOND = 8 * 1024  # with every byte that comes
SEND_SECONDS = 30.0  # for a visitor to take a part of an answer
LINGER_SECONDS = 1.0  # before a connection is cut whose visitor still sends
WAITED_SECONDS = 1.0  # after which it is looked whether the visitor is still there
# That they have shut their side; a connection that is gone is told in any case.
_LEFT = getattr(select, "POLLRDHUP", 0)  # Linux has it
_READS = (b"GET ", b"HEAD ")
# A program that shuts its side early and still reads looks like a visitor who has left.
_NOT_MADE = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)


class BoundedSocket(socket.socket):
    """A connection whose reads together end at a given time: a drip is no progress."""

    ends = 0.0
    late = False
    peeked = 0  # bytes that were there when it was last looked at
    in_body = False  # while a view may be reading: a body that breaks off must not pass for whole
    head = b""  # what the next request begins with
    is_long = False  # whether a thread has to wait for the rest of its body

    came = 0.0  # when the present request was there

    on_wait: Callable[[], None] | None = None  # called once, when the thread has to wait

    def allow(self, seconds: float) -> None:
        """Let what is read from now on take so long in all."""
        self.ends = clock.monotonic() + seconds

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self.in_body and self.is_long:
            self.leave_turn()
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
        if self.in_body:
            if not found:
                raise ClientDisconnected  # 400; the view does not run on a part of a form
            self.ends += len(found) / BYTES_A_SECOND
        return found

    def has_request(self) -> bool:
        """Whether a request is there, or the visitor has gone; reads nothing.

        If not, the connection counts as readable again only when more has come.
        """
        try:
            found = super().recv(REQUEST_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True  # the thread finds out what is wrong
        self.begin_with(found)
        # Woken without anything more: the visitor has shut their side.
        missing = len(found) not in (0, self.peeked) and len(found) < wanted(found)
        self.peeked = len(found) if missing else 0
        low_water = len(found) + 1 if missing else 1
        self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, low_water)
        return not missing

    def begin_with(self, found: bytes) -> None:
        """Note of the next request what decides whose it is; it is kept with the connection."""
        self.is_long = wanted(found) >= REQUEST_BYTES
        self.head = found[: found.find(b"\r\n\r\n") + 4]

    def waited(self) -> float:
        """Seconds since the present request was there."""
        return clock.monotonic() - self.came

    def is_left(self) -> bool:
        """Whether nobody waits any more for a page that had to wait; reads nothing.

        What a form sends is done all the same: its sender may count on it.
        """
        if self.waited() < WAITED_SECONDS or not self.head.startswith(_READS):
            return False
        looked = select.poll()
        looked.register(self, _LEFT)
        return bool(looked.poll(0))

    def sendall(self, data: Any, flags: int = 0) -> None:
        with self._taken_in_time():
            super().sendall(data, flags)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        with self._taken_in_time():
            return super().sendfile(file, offset, count)

    def leave_turn(self) -> None:
        """Let another request of this source be made meanwhile: the thread waits for something."""
        left, self.on_wait = self.on_wait, None
        if left is not None:
            left()

    @contextmanager
    def _taken_in_time(self) -> Iterator[None]:
        self.leave_turn()
        self.settimeout(SEND_SECONDS)
        try:
            yield
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the visitor takes nothing") from None


def wanted(found: bytes) -> int:
    """How many bytes have to be there before a request that begins so is worth a thread."""
    head = found.find(b"\r\n\r\n") + 4
    if head < 4:
        return REQUEST_BYTES
    if _CHUNKED.search(found, 0, head):
        return head if found.endswith(b"0\r\n\r\n") else REQUEST_BYTES
    length = _LENGTH.search(found, 0, head)
    return min(head + int(length[1]) if length else head, REQUEST_BYTES)


class Worker(gthread.ThreadWorker):
    """Threads that wait for nobody.

    gunicorn's own lets half a request hold a thread for as long as its visitor likes, and closes
    connections in the one thread that accepts them, up to two seconds each. Here a request gets a
    thread once it is there and its source has its turn (web.sources), and closing is the thread's
    business.
    """

    def init_process(self) -> None:
        self.sources: Sources[Any] = Sources(super().enqueue_req)
        super().init_process()

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ConfigError("TLS ends at the proxy in front: see docs/operations.md")

    def is_parent_alive(self) -> bool:
        if super().is_parent_alive():
            return True
        self.alive = False
        return False

    def set_accept_enabled(self, enabled: bool) -> None:
        ends = not self.alive  # a signal may say so at any moment
        super().set_accept_enabled(enabled and not ends)
        if ends:
            self._stop_listening()

    def _stop_listening(self) -> None:
        """Answer who is connected already, and refuse the next: a proxy asks another process then.

        gunicorn's own goes on listening until the last answer is made, and cuts off whoever came
        meanwhile and was never accepted. Where several processes share the listener, the last one
        that ends closes it.
        """
        while self.sockets:  # told to end while it starts, it comes here twice
            listener = self.sockets.pop()
            waiting = select.poll()
            waiting.register(listener, select.POLLIN)
            with suppress(OSError):  # no file is left: who is here is answered, the rest is refused
                while waiting.poll(0):
                    self.accept(listener)
            listener.close()

    def accept(self, listener: Any) -> None:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                return
            raise
        self.nr_conns += 1
        bounded = BoundedSocket(client.family, client.type, client.proto, fileno=client.detach())
        self._await_request(gthread.TConn(self.cfg, bounded, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """The next request on a connection that was kept alive."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_request(conn)

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        if conn.sock.has_request():
            super().on_pending_socket_readable(conn, client)

    def enqueue_req(self, conn: Any) -> None:
        # It may have come with the request before, of another kind, and been read with it.
        if conn.parser is not None and (read := conn.parser.unreader.buf.getvalue()):
            conn.sock.begin_with(read)
        conn.sock.came = clock.monotonic()
        conn.sock.on_wait = partial(self.method_queue.defer, self.sources.made, conn)
        self.sources.arrived(conn, self._source(conn))

    def finish_request(self, conn: Any, fs: Any) -> None:
        self.sources.ended(conn)
        if conn.sock.fileno() < 0:
            # Its thread closed it: gunicorn would stumble over that, and count it twice.
            self.nr_conns -= 1
            return
        super().finish_request(conn, fs)

    def handle(self, conn: Any) -> Any:
        if conn.sock.is_left():
            with suppress(OSError):
                conn.sock.sendall(_NOT_MADE)
            # The request is still to be read: a plain end would take the answer back.
            conn.sock.allow(LINGER_SECONDS)
            util.close_graceful(conn.sock, timeout=LINGER_SECONDS)
            return False
        conn.sock.allow(HEAD_SECONDS)
        result = super().handle(conn)
        if result is False:
            if conn.sock.late:
                util.close(conn.sock)
            else:
                util.close_graceful(conn.sock, timeout=LINGER_SECONDS)
        return result

    def handle_request(self, req: Any, conn: Any) -> bool:
        conn.sock.allow(STALLED_SECONDS)
        conn.sock.in_body = True
        try:
            return bool(super().handle_request(req, conn))
        finally:
            conn.sock.in_body = False

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:
        """Nobody waits for the rest of a body that no view read: the connection is closed."""
        conn.sock.allow(0)
        kept = bool(super()._keepalive_after(conn, keepalive))
        conn.sock.late = False
        return kept

    def _source(self, conn: Any) -> str:
        # A connection of a Unix socket has no address.
        peer = str(conn.client[0]) if isinstance(conn.client, tuple) else ""
        proxies = self.wsgi.extensions["audiospective"].settings.trusted_proxies
        return sources.source(conn.sock.head, peer, proxies)

    def _await_request(self, conn: Any) -> None:
        conn.sock.setblocking(False)
        conn.timeout = clock.monotonic() + REQUEST_SECONDS
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
