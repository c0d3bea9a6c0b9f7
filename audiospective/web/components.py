"""The component page: every building block in every state, for those who build pages."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, abort, render_template, request

from audiospective import clock
from audiospective.web.context import services
from audiospective.web.figures.lines import Line

blueprint = Blueprint("components", __name__)

SAMPLES = (
    Line("Paper Lanterns", "#", (("Nora Feld", "#"),), None, "https://open.spotify.com/track/1"),
    Line("سماء بعيدة", None, (("ليلى ناصر", None),), None, "https://open.spotify.com/track/2"),
    Line("遠い海の記憶", None, (("青木 鈴", None),), None, "https://open.spotify.com/track/3"),
    Line("<script>alert(1)</script> 🎻", None, (("Quote & “Ampersand”", None),)),
    Line("A very long title " * 12, None, tuple((f"Artist {n}", None) for n in range(20))),
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
