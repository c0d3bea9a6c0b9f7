"""Profile and time: what a member is called here, their zone, the week's first day, the theme."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts import identity, preferences, time_zone
from audiospective.models import transaction
from audiospective.policy import member_names
from audiospective.policy import preferences as rules
from audiospective.web import browser_zone, theme
from audiospective.web.access import person, signed_in
from audiospective.web.context import zone_name

blueprint = Blueprint("profile", __name__)

WEEKDAYS = {rules.MONDAY: "Monday", rules.SATURDAY: "Saturday", rules.SUNDAY: "Sunday"}
THEMES = {"system": "As this device is set", "light": "Light", "dark": "Dark"}
FIELDS = {"week_start": "Choose a day from the list.", "theme": "Choose one of the three."}


@blueprint.get("/settings/profile")
@signed_in
def page() -> ResponseReturnValue:
    return _page({})


@blueprint.post("/settings/profile")
@signed_in
def save() -> ResponseReturnValue:
    """Save what was sent; a field that is missing stays as it is."""
    member, form = person(), request.form
    zone = form.get("timezone")
    wanted, refused = rules.parse(form)
    errors = {name: FIELDS[name] for name in refused if name in FIELDS}
    if zone is not None and zone not in time_zone.zones():
        errors["timezone"] = "Choose a time zone from the list."
    if len(form.get("name", "")) > member_names.LONGEST:
        errors["name"] = f"A name may have {member_names.LONGEST} characters at most."
    if errors:
        typed = {name: value[: 2 * member_names.LONGEST] for name, value in form.items()}
        return _page(typed, errors)
    with transaction():
        if zone is not None:
            time_zone.choose(member.id, zone)
        if "name" in form and member_names.kept(form["name"]) != member.display_name:
            identity.rename(member.id, member_names.kept(form["name"]))
        preferences.save(member.id, {name: wanted[name] for name in FIELDS if name in wanted})
    flash("Saved", "form")
    response = redirect(url_for("profile.page") + "#saved", 303)
    if "theme" in wanted:
        theme.remember(response, str(wanted["theme"]))
    return response


def _page(typed: dict[str, str], errors: dict[str, str] | None = None) -> ResponseReturnValue:
    """`typed` are the fields that were sent; the others stand as they are settled."""
    member = person()
    chosen = preferences.of(member)
    settled = {
        "name": member.display_name or "",
        "timezone": zone_name(),
        "week_start": str(chosen.week_start),
        "theme": chosen.theme,
    }
    here = browser_zone.told()
    body = render_template(
        "settings/profile.html",
        typed=settled | typed,
        errors=errors or {},
        zones=time_zone.zones(),
        weekdays=WEEKDAYS,
        themes=THEMES,
        saved_zone=time_zone.chosen(member),
        other_zone=here if here and here != zone_name() else None,
        has_spotify=member.spotify_account_id is not None,
    )
    return make_response(body, 422 if errors else 200)
