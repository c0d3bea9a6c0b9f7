"""The control API: `POST /__control/<verb>` with the verb's arguments as a JSON object."""

from typing import Any

import orjson
from flask import Blueprint, Response, request

from audiospective.sandbox import answers
from audiospective.sandbox.control import VERBS, Control
from audiospective.sandbox.exchange import state

bp = Blueprint("control", __name__, url_prefix="/__control")


@bp.get("/")
def verbs() -> Response:
    """The verbs and what they do."""
    lines = {name: (getattr(Control, name).__doc__ or "").split("\n")[0] for name in sorted(VERBS)}
    return _answer(200, lines)


@bp.post("/<verb>")
def call(verb: str) -> Response:
    """Carry out a verb; its result is in `result`, what is wrong with a call in `error`."""
    if verb not in VERBS:
        return _answer(404, {"error": f"no such verb: {verb}"})
    # A page in a browser cannot send this content type here, so none can press these buttons.
    if request.mimetype != "application/json":
        return _answer(415, {"error": "send the arguments as application/json"})
    try:
        arguments = orjson.loads(request.get_data() or b"{}")
        if not isinstance(arguments, dict):
            raise TypeError("the arguments must be a JSON object")
        result: Any = getattr(Control(state()), verb)(**arguments)
    except (TypeError, ValueError) as error:
        return _answer(400, {"error": str(error)})
    except KeyError as error:
        return _answer(404, {"error": f"unknown: {error.args[0]}"})
    if isinstance(result, bytes):
        return Response(result, content_type="application/zip")
    return _answer(200, {"result": result})


def _answer(status: int, body: Any) -> Response:
    return Response(orjson.dumps(body), status, content_type=answers.JSON)
