"""The dashboard: the state of the archive first, then the newest plays as they arrive."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.policy.health import SENTENCES, Sentence
from audiospective.web.access import person, signed_in
from audiospective.web.context import services
from audiospective.web.dashboard import view
from audiospective.web.htmx import fragment_of

blueprint = Blueprint("dashboard", __name__)

PAGE = "dashboard.page"


@blueprint.get("/dashboard")
@signed_in
def page() -> ResponseReturnValue:
    member = person()
    overview = view.overview(services(), member.id)
    lines = view.plays(member.id)
    return render_template(
        "dashboard/page.html",
        overview=overview,
        state=overview.state,
        connected=overview.runs,
        days=view.by_day(lines),
        stamp=view.stamp(lines),
        now=clock.now(),
    )


@blueprint.get("/ui/health")
@fragment_of(PAGE)
@signed_in
def health() -> ResponseReturnValue:
    """The card's state. Announced only when the sentence is another than the page's."""
    overview = view.overview(services(), person().id)
    return render_template(
        "dashboard/_health_update.html",
        overview=overview,
        now=clock.now(),
        changed=_known(request.args.get("sentence")) != overview.sentence,
    )


@blueprint.get("/ui/plays")
@fragment_of(PAGE)
@signed_in
def plays() -> ResponseReturnValue:
    """The newest plays; 204, so that nothing on the page moves, while the list is the same."""
    lines = view.plays(person().id)
    stamp = view.stamp(lines)
    if request.args.get("stamp") == stamp:
        return make_response("", 204)
    return render_template(
        "dashboard/_plays.html", days=view.by_day(lines), stamp=stamp, connected=True
    )


def _known(name: str | None) -> Sentence | None:
    return Sentence(name) if name in set(SENTENCES) else None
