"""Access: who is signed in, for how long that holds, and what needs a fresh sign-in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, cast
from urllib.parse import urlencode, urlsplit

from flask import Flask, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from audiospective import clock
from audiospective.accounts.membership import new_session_key
from audiospective.models import User
from audiospective.web.htmx import is_fragment
from audiospective.web.local_redirect import local_path

SIGNED_IN_AT = "signed_in_at"  # in the session: epoch milliseconds of the sign-in itself
EXPECTS = "expects"  # in the session: the member whose e-mail led here, see `expect`
IDLE = timedelta(days=30)  # a browser that does not come back for so long is signed out
LONGEST = timedelta(days=90)  # and any browser after this, however often it comes
FRESH = timedelta(minutes=15)  # how long a sign-in is good for deleting, exporting, addresses

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


class Member(UserMixin):
    """The person behind a request. The session names `session_key`, which can be changed."""

    def __init__(self, user: User) -> None:
        self.user = user

    def get_id(self) -> str:
        return str(self.user.session_key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.user, name)


def install(app: Flask) -> None:
    app.config["PERMANENT_SESSION_LIFETIME"] = IDLE
    manager = LoginManager(app)
    # Sessions are signed, dated and revocable by `session_key`; an address that changes on the
    # way home is no reason to end one.
    manager.session_protection = None

    @manager.user_loader
    def load(key: str) -> Member | None:
        since = signed_in_at()
        if since is None or clock.now() - since > LONGEST:
            return None
        user = User.get_or_none(User.session_key == key)
        return Member(user) if user else None

    manager.unauthorized_handler(to_sign_in)


def person() -> User:
    """The member who is signed in; views that call it are `signed_in`."""
    return cast(User, current_user.user)


def signed_in_person() -> User | None:
    """The member who is signed in, or None."""
    return current_user.user if current_user.is_authenticated else None


def signed_in_at() -> datetime | None:
    value = session.get(SIGNED_IN_AT)
    return clock.from_ms(value) if isinstance(value, int) else None


def is_fresh() -> bool:
    """Whether this browser's person proved who they are within the last minutes."""
    since = signed_in_at()
    return bool(
        current_user.is_authenticated
        and since is not None
        and timedelta(0) <= clock.now() - since <= FRESH
    )


def signed_in(view: View[P]) -> View[P]:
    """A view for members; others are sent to sign in and come back."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        return view(*args, **kwargs) if current_user.is_authenticated else to_sign_in()

    return guarded


def freshly_signed_in(view: View[P]) -> View[P]:
    """A view whose effect a stolen cookie must not have: a sign-in minutes ago is needed."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return to_sign_in()
        return view(*args, **kwargs) if is_fresh() else to_sign_in(confirm=True)

    return guarded


def sign_in(user: User) -> None:
    """Begin a session for `user`; nothing of the session before it survives."""
    session.clear()
    login_user(Member(user))
    session.permanent = True
    session[SIGNED_IN_AT] = clock.to_ms(clock.now())


def sign_out() -> None:
    """End this browser's session."""
    logout_user()
    session.clear()


def sign_out_everywhere(user: User) -> None:
    """End every session of `user`, copies of cookies included."""
    User.update(session_key=new_session_key()).where(User.id == user.id).execute()
    sign_out()


def expect(user_id: int) -> None:
    """Remember whose archive an e-mail was about: the next sign-in must be this member's."""
    session[EXPECTS] = user_id


def to_sign_in(*, confirm: bool = False) -> Response:
    """To the sign-in page, with the way back; fragments make the whole page go there.

    `confirm`: the person is known and only has to prove that it is them.
    """
    query = {"next": _way_back()} | ({"confirm": "1"} if confirm else {})
    target = f"{url_for('sign_in.page')}?{urlencode(query)}"
    if is_fragment():
        # A redirect would be followed by the browser, and the page would land inside the panel.
        return Response("", 401, {"HX-Redirect": target})
    return redirect(target, 303 if request.method != "GET" else 302)


def _way_back() -> str:
    """The page to return to: this one, or for fragments and posts the one they were on."""
    if request.method == "GET" and not is_fragment():
        return local_path(request.full_path.rstrip("?"), "/dashboard")
    came_from = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    if came_from.netloc and came_from.netloc != request.host:
        return "/dashboard"
    path = f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
    return local_path(path, "/dashboard")
