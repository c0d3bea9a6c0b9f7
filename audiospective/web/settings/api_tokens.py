"""The settings of API tokens: the list, a new one that is shown once, the end of one."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.accounts import api_tokens
from audiospective.policy import api_scopes, member_names
from audiospective.web.access import freshly_signed_in, person
from audiospective.web.context import services

blueprint = Blueprint("api_tokens", __name__)

LASTS = {30: "30 days", 90: "90 days", 365: "one year", 1825: "five years"}
USUAL = 365


@blueprint.get("/settings/api")
@freshly_signed_in
def page() -> ResponseReturnValue:
    return _page()


@blueprint.post("/settings/api")
@freshly_signed_in
def make() -> ResponseReturnValue:
    """A token outlasts the session that made it, so an old cookie does not suffice."""
    form = request.form
    name = member_names.kept(form.get("name", "")) or ""
    scopes = api_scopes.known(form.getlist("scope"))
    days = form.get("days", "")
    errors = {}
    if not name or len(name) > api_tokens.NAME_LENGTH:
        errors["name"] = f"Give it a name of at most {api_tokens.NAME_LENGTH} characters."
    if not scopes:
        errors["scope"] = "Choose at least one thing that it allows."
    if days not in {str(one) for one in LASTS}:
        errors["days"] = "Choose how long it shall be good."
    typed = {"name": name[: api_tokens.NAME_LENGTH], "days": days}
    if errors:
        return _page(typed, scopes, errors)
    try:
        token = api_tokens.make(person(), name, scopes, int(days))
    except api_tokens.TooManyError:
        many = f"You have {api_tokens.AT_MOST} tokens. End one of them first."
        return _page(typed, scopes, {"name": many})
    return _page(made=token)


@blueprint.post("/settings/api/<int:number>/end")
@freshly_signed_in
def end(number: int) -> ResponseReturnValue:
    if api_tokens.end(person(), number):
        flash("That token opens nothing any more.")
    return redirect(url_for("api_tokens.page"), 303)


def _page(
    typed: dict[str, str] | None = None,
    scopes: list[str] | None = None,
    errors: dict[str, str] | None = None,
    made: str | None = None,
) -> ResponseReturnValue:
    now = clock.now()
    tokens = [(one, api_scopes.ends_soon(one.expires_at, now)) for one in api_tokens.of(person())]
    body = render_template(
        "settings/api_tokens.html",
        tokens=tokens,
        made=made,
        typed=typed or {"name": "", "days": str(USUAL)},
        chosen=scopes or [],
        errors=errors or {},
        scopes=api_scopes.SCOPES,
        lasts=[(str(days), words, None) for days, words in LASTS.items()],
        longest=api_tokens.NAME_LENGTH,
        root=services().settings.base_url,
    )
    return make_response(body, 422 if errors else 200)
