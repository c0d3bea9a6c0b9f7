"""The landing page and its live counter of founding places."""

from __future__ import annotations

from flask import Blueprint, current_app, make_response, render_template, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from audiospective.policy.founding import Opening, Places
from audiospective.web.context import services, viewer
from audiospective.web.htmx import STOP_POLLING, fragment_of
from audiospective.web.landing.founding_counter import UNKNOWN, Counter
from audiospective.web.landing.sample import SAMPLE

blueprint = Blueprint("landing", __name__)

PUBLIC = "public, max-age=60"
EXTENSION = "audiospective.places"


@blueprint.record_once
def give_a_counter(state: BlueprintSetupState) -> None:
    state.app.extensions[EXTENSION] = Counter()


@blueprint.get("/")
def page() -> ResponseReturnValue:
    places = _places()
    person = viewer()
    response = make_response(
        render_template(
            "landing/page.html",
            places=places,
            opening=_opening(places),
            settings=services().settings,
            sample=SAMPLE,
        )
    )
    # Everybody without a session gets the same page, so it may be kept for a minute.
    response.headers["Cache-Control"] = "private, no-store" if person else PUBLIC
    response.vary.add("Cookie")
    return response


@blueprint.get("/ui/places")
@fragment_of("landing.page")
def counter() -> ResponseReturnValue:
    """The offer's numbers; the button is replaced only if what is open has changed meanwhile."""
    places = _places()
    opening = _opening(places)
    body = render_template(
        "landing/_counter_update.html",
        places=places,
        opening=opening,
        changed=request.args.get("opening") != opening,
        settings=services().settings,
    )
    response = make_response(body, STOP_POLLING if opening == Opening.FULL else 200)
    response.headers["Cache-Control"] = "public, max-age=30"
    return response


def _places() -> Places | None:
    counter: Counter = current_app.extensions[EXTENSION]
    return counter.read(services())


def _opening(places: Places | None) -> str:
    return places.opening if places else UNKNOWN
