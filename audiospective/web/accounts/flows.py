"""Sign-ins under way: kept in the browser's session by their state, few and not for long."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta

from flask import session

from audiospective import clock

KEY = "flows"
AT_MOST = 6  # tabs that a person may have under way; ten full ones would not fit into a cookie
LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True)
class Flow:
    """What the callback has to know of the visit to Spotify that it ends."""

    verifier: str
    began: int  # epoch milliseconds
    app: int
    renews: bool = False
    confirms: bool = False  # only to prove who they are
    attaches: bool = False  # to give the member's archive its first Spotify account
    member: int | None = None  # who was signed in when it began
    expects: int | None = None
    next: str = ""


def begin(
    app: int,
    *,
    renews: bool,
    confirms: bool,
    attaches: bool,
    member: int | None,
    expects: int | None,
    next_path: str,
) -> tuple[str, Flow]:
    """Remember a new flow; returns its state. The oldest is forgotten when there are too many."""
    state = secrets.token_urlsafe(16)
    flow = Flow(
        verifier=secrets.token_urlsafe(32),
        began=clock.to_ms(clock.now()),
        app=app,
        renews=renews,
        confirms=confirms,
        attaches=attaches,
        member=member,
        expects=expects,
        next=next_path,
    )
    kept = sorted(_alive().items(), key=lambda item: item[1].began)[-(AT_MOST - 1) :]
    _store({**dict(kept), state: flow})
    return state, flow


def find(state: str | None) -> Flow | None:
    """The flow of this state: None if it is not this browser's, or too old.

    Looking leaves the session as it is: an answer that only repeats another must not send back the
    cookie from before the sign-in. That a flow ends once is the database's matter.
    """
    return _alive().get(state) if state else None


def drop(state: str | None) -> None:
    """Forget a flow that has ended."""
    flows = _alive()
    if state in flows:
        _store({name: flow for name, flow in flows.items() if name != state})


def _alive() -> dict[str, Flow]:
    since = clock.to_ms(clock.now() - LIFETIME)
    try:
        flows = {state: Flow(**fields) for state, fields in session.get(KEY, {}).items()}
    except TypeError:  # written by another release, whose flows had other fields
        return {}
    return {state: flow for state, flow in flows.items() if flow.began >= since}


def _store(flows: dict[str, Flow]) -> None:
    session[KEY] = {
        state: {
            name: value for name, value in asdict(flow).items() if value not in (None, "", False)
        }
        for state, flow in flows.items()
    }
