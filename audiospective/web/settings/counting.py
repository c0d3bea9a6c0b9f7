"""What counts: which plays figures are made of, and whether by plays or by time."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts import preferences
from audiospective.policy import preferences as rules
from audiospective.policy.preferences import Preferences
from audiospective.web.access import person, signed_in

blueprint = Blueprint("counting", __name__)

RULES = (
    ("all", "Every play", "Whatever was started counts, if only for a second."),
    ("30s", "Plays of 30 seconds or more", "As Spotify counts streams."),
    ("half", "Plays of at least half a track", "As scrobblers count."),
    ("completed", "Plays heard to the end", "Skipped tracks do not count."),
)
MEASURES = (
    ("plays", "By plays", "Each play counts as one."),
    ("time", "By time", "An hour of long tracks weighs as much as an hour of short ones."),
)
FIELDS = ("counting_rule", "counting_measure")


@blueprint.get("/settings/counting")
@signed_in
def page() -> ResponseReturnValue:
    chosen = preferences.of(person())
    return _page({name: getattr(chosen, name) for name in FIELDS})


@blueprint.post("/settings/counting")
@signed_in
def save() -> ResponseReturnValue:
    wanted, refused = rules.parse(request.form)
    errors = {name: "Choose one from the list." for name in refused if name in FIELDS}
    if errors:
        return _page({name: request.form.get(name, "") for name in FIELDS}, errors)
    preferences.save(person().id, {name: wanted[name] for name in FIELDS if name in wanted})
    flash("Saved", "form")
    return redirect(url_for("counting.page") + "#saved", 303)


def words(chosen: Preferences) -> str:
    """`Plays of 30 seconds or more, by time`."""
    rule = next(label for value, label, _ in RULES if value == chosen.counting_rule)
    measure = next(label for value, label, _ in MEASURES if value == chosen.counting_measure)
    return f"{rule}, {measure.lower()}"


def _page(chosen: dict[str, str], errors: dict[str, str] | None = None) -> ResponseReturnValue:
    body = render_template(
        "settings/counting.html",
        chosen=chosen,
        rules=RULES,
        measures=MEASURES,
        errors=errors or {},
    )
    return make_response(body, 422 if errors else 200)
