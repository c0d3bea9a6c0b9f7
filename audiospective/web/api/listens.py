"""ListenBrainz's way out: a member's own listens and their number, for programs that read there.

Addresses, parameters and answers are those of its API (listenbrainz.readthedocs.io); other than
there, nothing is public.
"""

from __future__ import annotations

import re

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from audiospective import history
from audiospective.models import User
from audiospective.policy import api_scopes
from audiospective.web.api import answers, tokens
from audiospective.web.api.listenbrainz import BASE, name_of
from audiospective.web.api.problems import ProblemError
from audiospective.web.throttle import Limit

blueprint = Blueprint("listens", __name__)

USUAL, MOST = 25, 1_000
READ = Limit("listens read", 100, 300)  # requests of one token: each may read years of plays
_NUMBER = re.compile(r"-?[0-9]{1,11}")


@blueprint.get("/1/user/<path:name>/listens")
@blueprint.get(f"{BASE}/1/user/<path:name>/listens")
@tokens.allowed(api_scopes.PLAYS, READ)
def page(name: str) -> ResponseReturnValue:
    """The newest listens, those before `max_ts`, or the first ones after `min_ts`."""
    from audiospective.exports import listens_by_time  # loads Polars

    member = _asked_for(name)
    before, after, count = (_number(one) for one in ("max_ts", "min_ts", "count"))
    if before is not None and after is not None and after >= before:
        raise ProblemError(400, "min_ts should be less than max_ts")
    if count is not None and count < 0:
        raise ProblemError(400, "'count' should be a positive integer")
    limit = min(USUAL if count is None else count, MOST)
    found = listens_by_time.page(member.id, limit, before=before, after=after) if limit else []
    latest, oldest = listens_by_time.ends(member.id)
    told = {
        "user_id": name_of(member),
        "count": len(found),
        "listens": [{**listen, "user_name": name_of(member)} for listen in found],
        "latest_listen_ts": latest,
        "oldest_listen_ts": oldest,
    }
    return answers.of({"payload": told})


@blueprint.get("/1/user/<path:name>/listen-count")
@blueprint.get(f"{BASE}/1/user/<path:name>/listen-count")
@tokens.allowed(api_scopes.PLAYS)
def count(name: str) -> ResponseReturnValue:
    """How many plays there are, podcasts among them."""
    return answers.of({"payload": {"count": history.total(_asked_for(name).id)}})


@blueprint.get("/1/user/<path:name>/playing-now")
@blueprint.get(f"{BASE}/1/user/<path:name>/playing-now")
@tokens.allowed(api_scopes.PLAYS)
def playing_now(name: str) -> ResponseReturnValue:
    """Nothing: what is playing is no play yet, and is not kept."""
    told = {"user_id": name_of(_asked_for(name)), "playing_now": True, "count": 0, "listens": []}
    return answers.of({"payload": told})


def _asked_for(name: str) -> User:
    """The member whose token this is; others are as unknown as nobody."""
    member = tokens.member()
    if name.casefold() != name_of(member).casefold():
        raise ProblemError(404, f"Cannot find user: {name[:100]}")
    return member


def _number(name: str) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise ProblemError(400, f"Invalid {name} argument: {text[:40]}")
    return int(text)
