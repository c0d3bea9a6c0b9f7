"""Who asks: the token of a request, what it allows, and how often it may ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, cast

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue

from audiospective.accounts import api_tokens
from audiospective.models import ApiToken, User
from audiospective.policy import api_scopes
from audiospective.web import throttle
from audiospective.web.api.problems import ProblemError
from audiospective.web.throttle import Limit

READS = Limit("api token", 300, 300)
REFUSED = Limit("api refused", 60, 300)  # by address; who shows a token that is good spends none
SCHEMES = ("bearer", "token")
ENDS = "Token-Expires"  # the header that says until when the token of a request is good

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


def install(app: Flask) -> None:
    @app.after_request
    def tell(response: Response) -> Response:
        """Nobody looks at the settings of what works, so each answer says how long it will."""
        found: ApiToken | None = g.get("api_token")
        if found is not None:
            response.headers[ENDS] = f"{found.expires_at:%Y-%m-%dT%H:%M:%SZ}"
        return response


def shown() -> ApiToken | None:
    """The token that this request shows, if it is good; looked up once."""
    if "api_token" not in g:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = scheme.lower() in SCHEMES
        g.api_token = api_tokens.find(token.strip()) if known else None
    return cast(ApiToken | None, g.api_token)


def member() -> User:
    """The member whose token this request shows; views that call it are `allowed`."""
    found = shown()
    assert found is not None
    return cast(User, found.user)


def known() -> bool:
    """Whether somebody whom we know asks: they may send more than strangers may."""
    found = shown()
    return found is not None and api_scopes.SUBMIT in found.allows


def allowed(scope: str, limit: Limit = READS) -> Callable[[View[P]], View[P]]:
    """A view for those who hold a token with `scope`; each token has a limit of its own."""

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            found = shown()
            if found is None:
                throttle.enforce(REFUSED)
                raise ProblemError(401)
            throttle.enforce(limit, who=f"token {found.id}")
            if scope not in found.allows:
                raise ProblemError(403, f"This token does not allow “{scope}”.", scope=scope)
            return view(*args, **kwargs)

        guarded.for_tokens = True  # type: ignore[attr-defined]
        return guarded

    return wrap
