"""The interface described as OpenAPI 3.1, for programs and for whoever writes one."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

import audiospective
from audiospective.policy import api_scopes
from audiospective.web.api import figures, plays
from audiospective.web.api.problems import DETAILS, MEDIA_TYPE
from audiospective.web.api.schemas import SCHEMAS, Schema, ref, words
from audiospective.web.context import services

blueprint = Blueprint("api_description", __name__)

_PERIODS = ("all", "2026", "2026-11", "2026-W48", "2026-11-01..2026-11-26")
_PERIOD = {
    "name": "period",
    "in": "query",
    "description": "`all`, a year, a month, a week, or a range of days, in the member's time zone.",
    "schema": {
        "type": "string",
        "pattern": r"^(all|\d{4}(-\d\d|-W\d\d)?|\d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d)$",
        "default": "all",
    },
    "examples": {one: {"value": one} for one in _PERIODS},
}

_ORDER = {**words(("asc", "desc")), "default": "desc"}


@blueprint.get("/api/v1/openapi.json")
def document() -> ResponseReturnValue:
    found = Response(orjson.dumps(of(services().settings.base_url)), mimetype="application/json")
    found.headers["Cache-Control"] = "public, max-age=3600"
    return found


def of(base_url: str) -> dict[str, Any]:
    """The description of the interface of the instance at `base_url`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Audiospective",
            "version": audiospective.__version__,
            "description": "Read an archive of listening: plays, figures, health. "
            "Tokens are made in the settings, under API tokens.",
        },
        "servers": [{"url": base_url}],
        "paths": {
            "/api/v1/plays": _get(
                api_scopes.PLAYS,
                "Plays, a page at a time",
                "Plays",
                _instant("from", "Plays that ended then or later."),
                _instant("to", "Plays that ended before that."),
                _query("order", "By when they ended.", _ORDER),
                _number(plays.USUAL, plays.MOST),
                _query("cursor", "Where the page before ended; `next` holds it.",
                       {"type": "string", "pattern": r"^-?[0-9]{1,16}\.[0-9]{1,9}$"}),
            ),
            "/api/v1/totals": _get(api_scopes.STATS, "Totals of a period", "Totals", _PERIOD),
            **{
                f"/api/v1/tops/{kind.lower()}": _get(
                    api_scopes.STATS, f"{kind} heard most", f"Top{kind}", _PERIOD,
                    _number(figures.USUAL, figures.MOST),
                )
                for kind in ("Tracks", "Albums", "Artists")
            },
            "/api/v1/health": _get(
                api_scopes.HEALTH, "Whether plays are saved, and what may be missing", "Health"
            ),
        },
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`Authorization: Token …` is understood, too.",
                }
            },
        },
    }  # fmt: skip


def _get(scope: str, summary: str, schema: str, *parameters: Schema) -> Schema:
    errors = (400, 401, 403, 429, 503)
    return {
        "get": {
            "summary": summary,
            "description": f"The token has to allow `{scope}`.",
            "operationId": schema[0].lower() + schema[1:],
            "parameters": list(parameters),
            "security": [{"token": []}],
            "responses": {
                "200": {
                    "description": summary,
                    "content": {"application/json": {"schema": ref(schema)}},
                },
                **{str(status): _problem(status) for status in errors},
            },
        }
    }


def _problem(status: int) -> Schema:
    return {"description": DETAILS[status], "content": {MEDIA_TYPE: {"schema": ref("Problem")}}}


def _query(name: str, about: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": about, "schema": schema}


def _instant(name: str, about: str) -> Schema:
    return _query(name, about, {"type": "string", "format": "date-time"})


def _number(usual: int, most: int) -> Schema:
    return _query(
        "limit", "At most so many.",
        {"type": "integer", "minimum": 1, "maximum": most, "default": usual},
    )  # fmt: skip
