"""Hidden artists: who is left out of figures, found by name, and counted again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts import hidden_artists
from audiospective.web.access import person, signed_in
from audiospective.web.local_redirect import local_path

blueprint = Blueprint("hidden", __name__)

LONGEST = 200  # characters of a search


@blueprint.get("/settings/hidden")
@signed_in
def page() -> ResponseReturnValue:
    member = person()
    text = request.args.get("q", "").strip()[:LONGEST]
    hidden = hidden_artists.named(member.id)
    return render_template(
        "settings/hidden.html",
        hidden=hidden,
        text=text,
        found=hidden_artists.find(member.id, text) if text else [],
        full=len(hidden) >= hidden_artists.AT_MOST,
    )


@blueprint.post("/settings/hidden")
@signed_in
def hide() -> ResponseReturnValue:
    """Leave an artist of one's own archive out; ids of other archives' artists change nothing."""
    member = person()
    artist = request.form.get("artist", "")
    number = int(artist) if artist.isascii() and artist.isdigit() and len(artist) < 10 else 0
    if not hidden_artists.is_heard(member.id, number):
        flash("That artist is not in your archive.")
    elif hidden_artists.hide(member.id, number):
        flash("Hidden. Their plays stay in the archive and out of all figures.")
    else:
        flash(f"At most {hidden_artists.AT_MOST} artists can be hidden.")
    return _back()


@blueprint.post("/settings/hidden/<int:artist>/show")
@signed_in
def show(artist: int) -> ResponseReturnValue:
    if artist < 2**31 and hidden_artists.show(person().id, artist):
        flash("Counted again.")
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(local_path(request.form.get("next"), url_for("hidden.page")), 303)
