"""Plays as JSON, a page at a time, each as it stands in the export of that name."""

from __future__ import annotations

from urllib.parse import urlencode

import orjson
import polars as pl
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from audiospective.exports import frames
from audiospective.exports.formats import json as export
from audiospective.history import search
from audiospective.history.catalog import track_facts
from audiospective.history.search import Wanted
from audiospective.policy import api_scopes
from audiospective.web.api import answers, query, tokens
from audiospective.web.context import services

blueprint = Blueprint("api_plays", __name__)

USUAL, MOST = 100, 1_000
PARAMETERS = ("from", "to", "order", "limit", "cursor")
OLDEST = (-(2**62), -1)  # before every play


@blueprint.get("/api/v1/plays")
@tokens.allowed(api_scopes.PLAYS)
def page() -> ResponseReturnValue:
    """The plays from `from` until before `to`; `next` is the address of the rest."""
    query.only(*PARAMETERS)
    member = tokens.member()
    limit = query.number("limit", USUAL, MOST)
    rising = query.one_of("order", "desc", ("desc", "asc")) == "asc"
    edge = query.cursor()
    found, more = search.rows(
        member.id,
        Wanted(start=query.instant("from"), end=query.instant("to")),
        before=None if rising else edge,
        after=(edge or OLDEST) if rising else None,
        limit=limit,
    )
    tracks = frames.derive(track_facts.of(found["track"]))
    told = tracks.select("track", export.TRACK)
    texts = export.texts(
        found.join(told, on="track", how="left", maintain_order="left"), query.zone(member)
    )
    last = found.tail(1).select(pl.col("played_at").to_physical(), "track").rows()
    head = orjson.dumps({"next": _next(last[0]) if more else None}).decode()[:-1]
    return answers.whole(Response(f'{head},"plays":[{",".join(texts)}]}}', mimetype=answers.JSON))


def _next(key: tuple[int, ...]) -> str:
    asked = {**request.args.to_dict(), "cursor": f"{key[0]}.{key[1]}"}
    return f"{services().settings.base_url}{request.path}?{urlencode(asked)}"
