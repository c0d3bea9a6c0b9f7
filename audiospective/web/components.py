"""The component page: every building block in every state, for those who build pages."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, abort, render_template, request

from audiospective import clock
from audiospective.web.context import services
from audiospective.web.dashboard.view import Item

blueprint = Blueprint("components", __name__)

SAMPLES = (
    Item("Paper Lanterns", "Nora Feld", None, "https://open.spotify.com/track/sample1"),
    Item("سماء بعيدة", "ليلى ناصر", None, "https://open.spotify.com/track/sample2"),
    Item("遠い海の記憶", "青木 鈴", None, "https://open.spotify.com/track/sample3"),
    Item("<script>alert(1)</script> 🎻", "Quote & “Ampersand”", None, None),
    Item("A very long title " * 12, "One, Two, Three, " * 20, None, None),
)


@blueprint.get("/_components")
def page() -> str:
    if not services().settings.sandbox:  # a workbench, not a page for members
        abort(404)
    now = clock.now()
    return render_template(
        "components/index.html",
        bare=True,
        samples=[(item, now - timedelta(minutes=4 * row)) for row, item in enumerate(SAMPLES)],
        now=now,
        errors={"sample-email": "Enter an address with an @ sign, such as ana@example.org."},
        chosen=request.args.get("theme"),
    )
