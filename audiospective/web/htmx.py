"""htmx: its configuration, and what a view needs to know about fragments."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

STOP_POLLING = 286  # htmx swaps the answer one last time and ends `every`

# Nothing that the strict Content-Security-Policy would refuse, no copies of personal pages in
# the browser's storage, and only a refused form (422) may replace what is on the page.
CONFIG = json.dumps(
    {
        "allowEval": False,
        "allowScriptTags": False,
        "historyCacheSize": 0,
        "historyRestoreAsHxRequest": False,
        "includeIndicatorStyles": False,
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "[23]..", "swap": True},
            {"code": "422", "swap": True},
            {"code": "[45]..", "swap": False, "error": True},
            {"code": "...", "swap": False},
        ],
        "selfRequestsOnly": True,
        "timeout": 15000,
    },
    separators=(",", ":"),
)

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


def is_fragment() -> bool:
    """Whether htmx asks for a part of a page rather than the browser for a page."""
    return request.headers.get("HX-Request") == "true"


def fragment_of(page: str) -> Callable[[View[P]], View[P]]:
    """A view under /ui; opened directly it leads to `page`, the endpoint it is a part of."""

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def answer(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            response: Response
            if is_fragment():
                response = make_response(view(*args, **kwargs))
            else:
                response = redirect(url_for(page), 303)
            response.vary.add("HX-Request")
            return response

        return answer

    return wrap
