"""Heavy pages, made from all of somebody's plays: of each member one at a time, and few in all.

Else one who asks for many at once has every thread, the connections to the database, and the memory
for as many archives as there are threads. Who waits holds a thread and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, g, request
from flask_login import current_user

from audiospective import clock
from audiospective.accounts import shares
from audiospective.models import database
from audiospective.policy import page_turns
from audiospective.policy.page_turns import Door, Guest
from audiospective.web import errors
from audiospective.web.api import problems, tokens
from audiospective.web.errors import Words

PATIENCE = 12.0  # seconds until who waits is told to come again; htmx waits for fifteen
LONGEST = 25.0  # seconds in all, with the wait for a thread; platforms' routers wait for thirty
AGAIN = "5"  # seconds after which to

# What reads plays or what was worked out of them. Light pages are no part of it, above all those on
# which a member ends sessions, tokens and links: who has one of these must not keep them from it.
HEAVY = {
    "dashboard.page", "dashboard.live", "history.page", "history.of_period", "plays.page",
    "music.track", "music.artist", "music.album",
    "reports.page", "reports.one", "reports.as_text", "reports.as_svg", "reports.as_png",
    "health.page", "hidden.page", "shares.new",
    "recordings.page", "recordings.track",
    "api_plays.page", "api_figures.of_period", "api_figures.top", "listens.page",
    "shared.page", "shared.of_year",
}  # fmt: skip
OWN = Words(
    "Too many pages at once",
    "Other pages of this archive are being made, one after the other. Wait until they are there, "
    "then try again.",
    "Try again",
    "",
)
OTHERS = Words(
    "Many pages are being made",
    "This server makes a few pages at a time, and others came before. Try again in a few seconds.",
    "Try again",
    "",
)
OF_ADDRESS = Words(
    "Too many pages for one address",
    "Too many pages were asked for from your network, by you or by others, and this server makes "
    "few at a time for each. Try again in a few seconds.",
    "Try again",
    "",
)


class TooManyPagesError(Exception):
    """No turn came; `own`: because of requests for the same archive."""

    def __init__(self, *, own: bool, words: Words | None = None) -> None:
        super().__init__("too many heavy pages")
        self.own = own
        self.words = words or (OWN if own else OTHERS)


@dataclass(eq=False)
class Turn:
    """What a request holds that waits, or whose page is made."""

    guest: Guest
    runs: bool = False


@dataclass
class Turns:
    """Of one process."""

    _held: list[Turn] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, guest: Guest, rest: Callable[[], None], patience: float | None = None) -> Turn:
        """Wait for a turn, at most `patience` seconds; whoever has to wait calls `rest` first.

        Raises TooManyPagesError.
        """
        turn = Turn(guest)
        with self._changed:
            held = [other.guest for other in self._held]
            own = any(other.member == guest.member for other in held)
            if not page_turns.admitted(guest, held):
                raise TooManyPagesError(own=own)
            self._held.append(turn)
            self._begin()
        try:
            if not turn.runs:
                rest()
                self._await(turn, clock.monotonic() + (PATIENCE if patience is None else patience))
            if not turn.runs:
                raise TooManyPagesError(own=own)
        except BaseException:
            self.give_back(turn)
            raise
        return turn

    def give_back(self, turn: Turn) -> None:
        with self._changed:
            self._held.remove(turn)
            self._begin()

    def _await(self, turn: Turn, end: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: turn.runs, max(0.0, end - clock.monotonic()))

    def _begin(self) -> None:
        """Let those begin whose turn it is; the lock is held."""
        while True:
            waiting = [turn for turn in self._held if not turn.runs]
            running = [turn.guest.member for turn in self._held if turn.runs]
            place = page_turns.following([turn.guest for turn in waiting], running)
            if place is None:
                return
            waiting[place].runs = True
            self._changed.notify_all()


turns = Turns()


def install(app: Flask) -> None:
    """Has to come after whatever refuses requests, and after `database`."""

    @app.before_request
    def await_turn() -> None:
        if request.endpoint not in HEAVY:
            return
        # web.server: other servers know no turns
        connection: Any = request.environ.get("gunicorn.socket")
        left = LONGEST - (connection.waited() if hasattr(connection, "waited") else 0.0)
        if left <= 0:
            raise TooManyPagesError(own=False, words=OF_ADDRESS)
        guest = _guest()
        if guest is None:
            return
        g.page_turn = turns.take(guest, _rest, min(PATIENCE, left))
        if hasattr(connection, "is_left") and connection.is_left():
            raise TooManyPagesError(own=False)  # which nobody reads

    @app.teardown_request
    def give_back(_error: BaseException | None) -> None:
        turn = g.pop("page_turn", None)
        if turn is not None:
            turns.give_back(turn)

    @app.errorhandler(TooManyPagesError)
    def told(error: TooManyPagesError) -> Response:
        code = 429 if error.own else 503
        if problems.asked_here():
            return problems.response(code, headers={"Retry-After": AGAIN})
        response = errors.answer(code, error.words)
        response.headers["Retry-After"] = AGAIN
        return response


def _guest() -> Guest | None:
    """Whose archive is asked for, and how; None where the view will refuse it anyway."""
    if request.blueprint == "shared":
        link = shares.find((request.view_args or {}).get("token", ""))
        return Guest(link.user_id, Door.VISITOR) if link else None
    if problems.asked_here():
        token = tokens.shown()
        return Guest(token.user_id, Door.PROGRAM) if token else None
    return Guest(current_user.user.id, Door.BROWSER) if current_user.is_authenticated else None


def _rest() -> None:
    """Who waits leaves the connection to the database to others, and a place to their own address.

    Else two pages that wait would keep everything else of that address waiting, be it a sign-out.
    """
    leave = getattr(request.environ.get("gunicorn.socket"), "leave_turn", None)
    if leave is not None:  # web.server: other servers know no turns
        leave()
    if not g.brought_connection and not database.is_closed():
        database.close()
