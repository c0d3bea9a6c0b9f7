"""`GET /v1/me/player/recently-played`: parameters, page, cursors and the faults inside it."""

from collections.abc import Mapping
from typing import Any

import orjson

from audiospective.sandbox import answers
from audiospective.sandbox.answers import Answer
from audiospective.sandbox.calls import Call
from audiospective.sandbox.items import Writer
from audiospective.sandbox.listeners import Listener
from audiospective.sandbox.plays import Play
from audiospective.sandbox.state import SandboxState
from audiospective.sandbox.window import cut

PATH = "/v1/me/player/recently-played"
DEFAULT_LIMIT, MOST = 20, 50
# All that a client may rely on in a catalog object.
SURE = ("id", "name", "type", "uri")
LINKED = ("external_urls", "href", "id", "type", "uri")
DISTORTING = ("null_track", "null_context", "missing_fields", "relinked", "left_out")


class BadParameterError(ValueError):
    """A parameter that is answered with 400."""


def recently_played(
    here: SandboxState,
    listener: Listener,
    writer: Writer,
    call: Call,
    query: bytes,
    args: Mapping[str, str],
) -> Answer:
    """The page a listener's token gets; what arrives whole counts as offered.

    `args` are what `query` says.
    """
    try:
        limit, after, before = _asked(args)
    except BadParameterError as error:
        return answers.api_error(400, str(error))
    small = here.faults.hit(["small_pages"], call.endpoint, call.listener, call.app)
    if small is not None:
        limit = min(limit, int(small.get("items", DEFAULT_LIMIT)))
    window = _window(here, listener, call)
    faults = [
        fault
        for name in DISTORTING
        if (fault := here.faults.hit([name], call.endpoint, call.listener, call.app))
    ]
    key = listener.id, writer.extended
    plain = not faults and small is None and window is listener.tape.window
    kept = here.pages.get(key)
    if plain and kept is not None and kept[:2] == (listener.tape.version, query):
        if not call.spoiled:
            # A page that is kept may first have gone to somebody who never received it.
            shown = (play for play in cut(window, limit, after, before) if not play.left_out)
            _offer(here, listener, list(shown))
        return Answer(200, kept[2])
    page = cut(window, limit, after, before)
    items = [None if play.left_out else writer.item(play) for play in page]
    untold = {index for index, play in enumerate(page) if play.left_out}
    for fault in faults:
        untold |= _distort(fault.name, fault.params, items)
    if not call.spoiled:
        _offer(here, listener, [play for index, play in enumerate(page) if index not in untold])
    items = [item for item in items if item is not None]
    body = orjson.dumps(_page(here.base, query.decode(), items, page, limit, after is not None))
    if plain:
        here.pages[key] = (listener.tape.version, query, body)
    return Answer(200, body)


def _asked(args: Mapping[str, str]) -> tuple[int, int | None, int | None]:
    """Limit, `after` and `before` (milliseconds) of a call; raises BadParameterError."""
    limit = _number(args, "limit", DEFAULT_LIMIT)
    after, before = _number(args, "after"), _number(args, "before")
    if limit is None or not 1 <= limit <= MOST:
        raise BadParameterError("Invalid limit")
    if after is not None and before is not None:
        raise BadParameterError("Only one of `after` and `before` may be given")
    return limit, after, before


def _page(
    base: str, query: str, items: list[Any], page: list[Play], limit: int, forward: bool
) -> dict[str, Any]:
    found: dict[str, Any] = {"items": items, "next": None, "cursors": None, "limit": limit}
    if page:
        newest, oldest = str(page[0].played_at), str(page[-1].played_at)
        cursor = f"after={newest}" if forward else f"before={oldest}"
        # There is a next page even where nothing follows: Spotify does not look ahead.
        found["next"] = f"{base}{PATH}?{cursor}&limit={limit}"
        found["cursors"] = {"after": newest, "before": oldest}
    found["href"] = f"{base}{PATH}?{query}" if query else f"{base}{PATH}"
    return found


def _window(here: SandboxState, listener: Listener, call: Call) -> list[Play]:
    """The plays to page through: of now, or frozen at the moment a stale fault began."""
    window = here.heard(listener).tape.window
    stale = here.faults.hit(["stale"], call.endpoint, call.listener, call.app)
    return window if stale is None else stale.snapshots.setdefault(listener.id, list(window))


def _offer(here: SandboxState, listener: Listener, plays: list[Play]) -> None:
    now = here.clock.now_ms()
    for play in plays:
        if play.offered_at is None:
            play.offered_at = now
    if plays and listener.tape.first_offer is None:
        listener.tape.first_offer = now


def _distort(name: str, params: dict[str, Any], items: list[Any]) -> set[int]:
    """Spoil items in place; the indexes whose play can no longer be known from them."""
    chosen = range(min(int(params.get("items", len(items))), len(items)))
    for index in chosen:
        item = items[index] = orjson.loads(orjson.dumps(items[index]))
        if not isinstance(item, dict):
            continue
        if name == "left_out":
            items[index] = None
        elif name == "null_track":
            item["track"] = None
        elif name == "null_context":
            item["context"] = None
        elif isinstance(item.get("track"), dict):
            change = _relinked if name == "relinked" else _poorer
            item["track"] = change(item["track"], params)
    return set(chosen) if name in ("null_track", "left_out") else set()


def _poorer(track: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    drop = params.get("drop")
    return {
        field: value
        for field, value in track.items()
        if (field not in drop if drop is not None else field in SURE)
    }


def _relinked(track: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    suffix = str(params.get("suffix", "R"))
    found = track | {"id": track["id"][: -len(suffix)] + suffix}
    if params.get("told", True):
        found["linked_from"] = {field: track[field] for field in LINKED}
    return found


def _number(args: Mapping[str, str], name: str, default: int | None = None) -> int | None:
    text = args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadParameterError(f"Invalid {name}")
    return int(text)
