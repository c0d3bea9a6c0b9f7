"""How the archive is doing, as JSON: its state, what is known, and what may be missing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from audiospective.models.coverage import Coverage
from audiospective.operations import health
from audiospective.policy import api_scopes
from audiospective.policy.archive_state import Missing
from audiospective.web.api import answers, query, tokens
from audiospective.web.context import services

blueprint = Blueprint("api_health", __name__)


@blueprint.get("/api/v1/health")
@tokens.allowed(api_scopes.HEALTH)
def of_archive() -> ResponseReturnValue:
    query.only()
    member = tokens.member()
    state = health.state(services(), member.id)
    known = Coverage.select().where(Coverage.user == member.id).order_by(Coverage.started_at)
    return answers.of(
        {
            "status": state.status.value,
            "title": state.title,
            "meaning": state.traits.meaning,
            "plays": state.plays,
            "known_since": answers.instant(state.began),
            "known_until": answers.instant(state.known_until),
            "last_success_at": answers.instant(state.last_success_at),
            "refused_at": answers.instant(state.refused_at),
            "next_check_at": answers.instant(state.next_check_at),
            "access_until": answers.instant(state.renew_by),
            "unreadable": state.unreadable,
            "coverage": [
                {
                    "from": answers.instant(one.started_at),
                    "to": answers.instant(one.ended_at or state.last_success_at),
                    "grows": one.ended_at is None,
                }
                for one in known
            ],
            "gaps": [_gap(gap) for gap in state.gaps],
        }
    )


def _gap(gap: Missing) -> dict[str, Any]:
    """`to` is null while the gap still grows."""
    return {
        "from": answers.instant(gap.started_at),
        "probably_from": answers.instant(gap.probably_from),
        "to": answers.instant(gap.ended_at),
        "cause": gap.cause,
        "certainty": gap.certainty,
        "closed_at": answers.instant(gap.closed_at),
        "recovered": gap.recovered,
    }
