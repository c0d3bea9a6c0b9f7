"""Access: who is signed in, for how long that holds, and what needs a fresh sign-in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, cast
from urllib.parse import urlencode, urlsplit

from flask import Flask, abort, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from audiospective import clock
from audiospective.accounts import sessions, time_zone
from audiospective.models import User
from audiospective.models.sessions import Session
from audiospective.policy import browsers
from audiospective.policy import sessions as rules
from audiospective.web import browser_zone
from audiospective.web.htmx import is_fragment
from audiospective.web.local_redirect import local_path

EXPECTS = "expects"  # in the session: the member whose e-mail led here, see `expect`

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


class Member(UserMixin):
    """The person behind a request, and the session that says so; the cookie names its key."""

    def __init__(self, row: Session, key: str) -> None:
        self.user = row.user
        self.row = row
        self.key = key

    def get_id(self) -> str:
        return self.key

    def __getattr__(self, name: str) -> Any:
        return getattr(self.user, name)


def install(app: Flask) -> None:
    app.config["PERMANENT_SESSION_LIFETIME"] = rules.IDLE
    # An answer that was under way while somebody signed in elsewhere must not bring back the
    # cookie from before: it is sent again when it changes, and once an hour by a whole page.
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    manager = LoginManager(app)
    # Sessions are rows that can be ended; an address that changes on the way home ends none.
    manager.session_protection = None

    @manager.user_loader
    def load(key: str) -> Member | None:
        row = sessions.find(key)
        if row is None:
            return None
        if request.method == "GET" and not is_fragment():
            time_zone.suggest(row.user, browser_zone.told())
            if sessions.note(row):
                session.modified = True
        return Member(row, key)

    manager.unauthorized_handler(to_sign_in)


def person() -> User:
    """The member who is signed in; views that call it are `signed_in`."""
    return cast(User, current_user.user)


def signed_in_person() -> User | None:
    """The member who is signed in, or None."""
    return current_user.user if current_user.is_authenticated else None


def own_session() -> Session | None:
    """The row of this browser's session, or None."""
    return current_user.row if current_user.is_authenticated else None


def is_fresh() -> bool:
    """Whether this browser's person proved who they are within the last minutes."""
    row = own_session()
    return row is not None and rules.fresh(sessions.dates(row), clock.now())


def signed_in(view: View[P]) -> View[P]:
    """A view for members; others are sent to sign in and come back."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        return view(*args, **kwargs) if current_user.is_authenticated else to_sign_in()

    guarded.for_members = True  # type: ignore[attr-defined]
    return guarded


def freshly_signed_in(view: View[P]) -> View[P]:
    """A view whose effect a stolen cookie must not have: a sign-in minutes ago is needed."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return to_sign_in()
        return view(*args, **kwargs) if is_fresh() else to_sign_in(confirm=True)

    guarded.for_members = True  # type: ignore[attr-defined]
    return guarded


def for_operators(view: View[P]) -> View[P]:
    """A view for operators who signed in minutes ago; for everybody else it does not exist."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        member = signed_in_person()
        if member is None or not member.is_operator:
            abort(404)
        return view(*args, **kwargs) if is_fresh() else to_sign_in(confirm=True)

    guarded.for_operators = True  # type: ignore[attr-defined]
    return guarded


def needs_sign_in() -> bool:
    """Whether this request is for members only and nobody is signed in."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "for_members", False) and not current_user.is_authenticated


def sign_in(user: User, way: str) -> None:
    """Sign `user` in by `way`; nothing of the session before survives but its row, if it is theirs.

    A session that is proven anew gets a new key: copies of its cookie end.
    """
    row = own_session()
    key = sessions.prove(row, way) if row is not None and row.user_id == user.id else None
    if key is None:
        _end(row)
        key = sessions.begin(user, way, browsers.described(request.headers.get("User-Agent", "")))
    session.clear()
    begun = sessions.find(key)
    if begun is not None:
        login_user(Member(begun, key))
        session.permanent = True


def sign_out() -> None:
    """End this browser's session, copies of its cookie included."""
    _end(own_session())
    logout_user()
    session.clear()


def sign_out_everywhere(user: User) -> None:
    """End every session of `user`, and every link that would sign in again."""
    sessions.end_all(user)
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


def _end(row: Session | None) -> None:
    if row is not None:
        sessions.end(row.user, row.id)


def _way_back() -> str:
    """The page to return to: this one, or for fragments and posts the one they were on."""
    if request.method == "GET" and not is_fragment():
        return local_path(request.full_path.rstrip("?"), "/dashboard")
    try:
        came_from = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    except ValueError:  # such as "http://[": whoever sends that gets no error page of ours for it
        return "/dashboard"
    if came_from.netloc and came_from.netloc != request.host:
        return "/dashboard"
    path = f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
    return local_path(path, "/dashboard")
