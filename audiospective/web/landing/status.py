"""The public page of status: whether checks are made, and what stands in their way."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template
from flask.typing import ResponseReturnValue

from audiospective.operations import service_status
from audiospective.policy.service_status import WORDS, ServiceState
from audiospective.web import throttle
from audiospective.web.context import services
from audiospective.web.throttle import Limit

blueprint = Blueprint("status", __name__)

LOOKS = Limit("status", 60, 60)


@blueprint.get("/status")
def page() -> ResponseReturnValue:
    throttle.enforce(LOOKS)
    found = service_status.look(services())
    title, meaning = WORDS[found.state]
    return make_response(
        render_template(
            "landing/status.html",
            status=found,
            title=title,
            meaning=meaning,
            good=found.state is ServiceState.RUNNING,
        )
    )
