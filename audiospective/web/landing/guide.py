"""Pages for everybody: how to bring a Spotify app of one's own, and what is kept about people."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from audiospective.accounts import former_address
from audiospective.operations import purge
from audiospective.policy import export_rules
from audiospective.web.context import services

blueprint = Blueprint("guide", __name__)


@blueprint.get("/guide/own-spotify-app")
def own_app() -> ResponseReturnValue:
    """The steps, before anybody has an account here."""
    return render_template("landing/own_app.html", settings=services().settings)


@blueprint.get("/privacy")
def privacy() -> ResponseReturnValue:
    kept = {
        "polls": purge.POLLS.days,
        "failed_polls": purge.FAILED_POLLS.days,
        "notices": purge.NOTICES.days,
        "former_address": former_address.RESTORE_WITHIN.days,
        "exports": export_rules.KEPT.days,
    }
    return render_template("landing/privacy.html", settings=services().settings, kept=kept)
