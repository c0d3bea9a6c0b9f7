"""The Web API: who calls, what the app may do, and the endpoints of contract sections 2 and 3."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, request

from audiospective.sandbox import answers
from audiospective.sandbox.answers import Answer
from audiospective.sandbox.apps import App
from audiospective.sandbox.calls import Call
from audiospective.sandbox.exchange import Sent, carry, exchange, respond, state
from audiospective.sandbox.grants import Grant
from audiospective.sandbox.ids import is_id
from audiospective.sandbox.items import Object, Writer
from audiospective.sandbox.recent import recently_played
from audiospective.sandbox.state import SandboxState

bp = Blueprint("api", __name__, url_prefix="/v1")

RECENT_SCOPE = "user-read-recently-played"
BATCH = {"tracks": 50, "artists": 50, "albums": 20}


@dataclass(frozen=True)
class Caller:
    """Whoever shows a token; `problem` is what is wrong with it."""

    app: App | None = None
    grant: Grant | None = None
    listener_id: str | None = None
    problem: Answer | None = None

    @property
    def scopes(self) -> set[str]:
        """What the token allows."""
        return set(self.grant.scope.split()) if self.grant else set()


@bp.get("/me")
def me() -> Response:
    """The profile of the token's owner."""
    caller = _caller(state())

    def make() -> Answer:
        here = state()
        listener = here.listeners.get(caller.listener_id or "")
        if listener is None:
            return answers.TOKEN_INVALID
        return answers.json(_writer(here, caller).profile(listener, caller.scopes))

    return _answer("me", caller, make)


@bp.get("/me/player/recently-played")
def recent() -> Response:
    """The last fifty plays, as far as the cursor lets them through."""
    shown = request.headers.get("Authorization", "")
    return respond(recent_plays(state(), shown, request.query_string, request.args))


def recent_plays(
    here: SandboxState, authorization: str, query: bytes, args: Mapping[str, str]
) -> Sent:
    """`recent` without a web framework; `args` are what `query` says."""
    caller = _shown(here, authorization)
    call = Call("recently-played", caller.listener_id, _app_id(caller))

    def make() -> Answer:
        refused = _refusal(here, caller)
        if refused is not None:
            return refused
        listener = here.listeners.get(caller.listener_id or "")
        if listener is None:
            return answers.TOKEN_INVALID
        if RECENT_SCOPE not in caller.scopes:
            return answers.SCOPE_MISSING
        return recently_played(here, listener, _writer(here, caller), call, query, args)

    return carry(here, call, make)


@bp.get("/<any(tracks, artists, albums):kind>/<path:id>")
def single(kind: str, id: str) -> Response:
    """One catalog object; `market` is accepted and changes nothing."""
    caller = _caller(state())

    def make() -> Answer:
        if not is_id(id):
            return answers.api_error(400, "invalid id")
        found = _look_up(state(), _writer(state(), caller), kind, id)
        if found is None:
            return answers.api_error(404, "Resource not found")
        return answers.json(found)

    return _answer(kind, caller, make)


@bp.get("/<any(tracks, artists, albums):kind>")
def batch(kind: str) -> Response:
    """Several catalog objects; withheld from apps in development mode."""
    caller = _caller(state())

    def make() -> Answer:
        here = state()
        if not _batch_allowed(here, caller, kind):
            return answers.FORBIDDEN
        ids = [part.strip() for part in request.args.get("ids", "").split(",") if part.strip()]
        if not ids:
            return answers.api_error(400, "invalid id")
        if len(ids) > BATCH[kind]:
            return answers.api_error(400, "Too many ids requested")
        if not all(is_id(part) for part in ids):
            return answers.api_error(400, "invalid id")
        writer = _writer(here, caller)
        found = [_look_up(here, writer, kind, part) for part in ids]
        if here.faults.hit(["null_entries"], kind, caller.listener_id, _app_id(caller)):
            found[::2] = [None] * len(found[::2])
        return answers.json({kind: found})

    return _answer(kind, caller, make)


@bp.route("/", defaults={"rest": ""})
@bp.route("/<path:rest>")
def anything_else(rest: str) -> Response:
    """Endpoints that the sandbox does not have."""
    return _answer("unknown", _caller(state()), lambda: answers.api_error(404, "Service not found"))


def _answer(endpoint: str, caller: Caller, make: Callable[[], Answer]) -> Response:
    """Answer a call after the checks that every endpoint makes."""
    call = Call(endpoint, caller.listener_id, _app_id(caller))
    return exchange(call, lambda: _refusal(state(), caller) or make())


def _caller(here: SandboxState) -> Caller:
    """Whose token the request shows."""
    return _shown(here, request.headers.get("Authorization", ""))


def _shown(here: SandboxState, header: str) -> Caller:
    scheme, _, token = header.partition(" ")
    if not header:
        return Caller(problem=answers.TOKEN_MISSING)
    if scheme.lower() != "bearer":
        problem = answers.api_error(400, "Only valid bearer authentication supported")
        return Caller(problem=problem)
    with here.lock:
        grant, alive = here.grants.find_access(token.strip())
        app = here.apps.get(grant.client_id) if grant else None
    if grant is None or app is None:
        return Caller(problem=answers.TOKEN_INVALID)
    return Caller(app, grant, grant.listener_id, None if alive else answers.TOKEN_EXPIRED)


def _refusal(here: SandboxState, caller: Caller) -> Answer | None:
    """Why this call is not answered, whatever it asks for."""
    if caller.problem is not None or caller.app is None:
        return caller.problem or answers.TOKEN_INVALID
    refused = here.throttles.refuse(caller.app, here.clock.now_ms())
    if refused is not None:
        return refused
    if not caller.app.extended and not caller.app.owner_premium:
        return answers.NO_PREMIUM
    if caller.listener_id and not caller.app.admits(caller.listener_id):
        return answers.NOT_LISTED["2024"]
    return None


def _batch_allowed(here: SandboxState, caller: Caller, kind: str) -> bool:
    who = caller.listener_id, _app_id(caller)
    if here.faults.hit(["batch_forbidden"], kind, *who):
        return False
    if caller.app is not None and caller.app.extended:
        return True
    return here.faults.hit(["batch_ok"], kind, *who) is not None


def _look_up(here: SandboxState, writer: Writer, kind: str, id: str) -> Object | None:
    if kind == "tracks":
        track = here.catalog.tracks.get(id)
        return writer.track(track) if track else None
    if kind == "artists":
        artist = here.catalog.artists.get(id)
        return writer.artist(artist) if artist else None
    album = here.catalog.albums.get(id)
    return writer.full_album(album) if album else None


def _writer(here: SandboxState, caller: Caller) -> Writer:
    return here.writers[caller.app is not None and caller.app.extended]


def _app_id(caller: Caller) -> str | None:
    return caller.app.client_id if caller.app else None
