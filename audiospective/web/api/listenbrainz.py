"""ListenBrainz's way in: what players and scrobblers send becomes plays of a member's archive.

The addresses, answers and errors are those of its API (listenbrainz.readthedocs.io), at the root of
this server and below /api/listenbrainz: most clients take a server's name, some a longer address.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import orjson
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from audiospective import log
from audiospective.history.closed import away
from audiospective.models import User
from audiospective.policy import api_scopes, listens
from audiospective.policy.listens import PLAYING_NOW, WrongError
from audiospective.web import security, throttle
from audiospective.web.api import tokens
from audiospective.web.api.problems import ProblemError
from audiospective.web.throttle import Limit

blueprint = Blueprint("listenbrainz", __name__)
security.csrf.exempt(blueprint)
security.larger_body("listenbrainz.submit", listens.BODY, tokens.known)

SENT = Limit("listens", 600, 300)  # requests of one token: a player tells twice a track
# Portions of up to 100 listens of one member; a long history is for a file.
PORTIONS = Limit("listens stored", 600, 3600)
PORTION = 100
# Bytes from which on a body is parsed while no other one is in this process: JSON may take
# twenty-five times its bytes.
LARGE = security.BODY_LIMIT
WAIT = 5.0  # seconds for the turn
_turn = threading.BoundedSemaphore()
BASE = "/api/listenbrainz"


@blueprint.post("/1/submit-listens")
@blueprint.post(f"{BASE}/1/submit-listens")
@tokens.allowed(api_scopes.SUBMIT, SENT)
def submit() -> ResponseReturnValue:
    """Store what was listened to; what is playing now is read and forgotten.

    The answer comes when the plays are stored, so that who sends again after an error loses none.
    """
    body = request.get_data()
    paid = len(body) // LARGE
    _pay(paid)
    with _own_turn() if paid else nullcontext():
        _take(body, paid)
    return _answer({"status": "ok"})


@blueprint.get("/1/validate-token")
@blueprint.get(f"{BASE}/1/validate-token")
def validate() -> ResponseReturnValue:
    """Whether a token is good, and whose it is."""
    if "Authorization" not in request.headers:
        raise ProblemError(400, "You need to provide an Authorization token.")
    found = tokens.shown()
    if found is None:
        throttle.enforce(tokens.REFUSED)
        return _answer({"code": 200, "message": "Token invalid.", "valid": False})
    throttle.enforce(SENT, who=f"token {found.id}")
    name = name_of(found.user)
    return _answer({"code": 200, "message": "Token valid.", "valid": True, "user_name": name})


def name_of(member: User) -> str:
    """What a member is called where programs ask for one by name."""
    return member.display_name or "listener"


@contextmanager
def _own_turn() -> Iterator[None]:
    if not _turn.acquire(timeout=WAIT):
        raise ProblemError(503, "Other large requests are being read; send it again.")
    try:
        yield
    finally:
        _turn.release()


def _pay(portions: int) -> None:
    found = tokens.shown()
    assert found is not None
    for _ in range(portions):
        throttle.enforce(PORTIONS, who=f"member {found.user_id}")


def _take(body: bytes, paid: int) -> None:
    """Read and store a body, for whose size so many portions are paid already."""
    try:
        kind, sent = listens.read(orjson.loads(body))
    except orjson.JSONDecodeError:
        raise ProblemError(400, "Cannot parse JSON document.") from None
    except WrongError as error:
        raise ProblemError(400, error.sentence) from None
    if kind != PLAYING_NOW:
        _pay(-(-len(sent) // PORTION) - paid)
        _store(sent)


def _store(sent: list[Any]) -> None:
    from audiospective.history.replacing import ChangedError  # these load Polars
    from audiospective.imports import listens as taking

    found = tokens.shown()
    assert found is not None
    away.end()  # plays are written whole or not at all
    try:
        taken = taking.take(found.user_id, sent)
    except taking.NoPlayError as error:
        raise ProblemError(400, str(error)) from None
    except ChangedError:
        raise ProblemError(503, "The archive is being written to; send it again.") from None
    log.event("listens", user=found.user_id, added=taken.added, matched=taken.matched,
              known=taken.known)  # fmt: skip


def _answer(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), mimetype="application/json")
