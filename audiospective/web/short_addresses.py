"""Addresses that somebody types from memory, which lead to the page that they mean."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

blueprint = Blueprint("short_addresses", __name__)

MEANT = {
    "import": "imports.page",
    "export": "exports.page",
    "report": "reports.page",
    "setting": "settings.page",
    "account": "settings.page",
    "home": "dashboard.page",
    "login": "sign_in.page",
    "signin": "sign_in.page",
    "signup": "landing.page",
    "sign-up": "landing.page",
}


@blueprint.get(f"/<any({', '.join(map(repr, MEANT))}):word>")
def page(word: str) -> ResponseReturnValue:
    return redirect(url_for(MEANT[word]))
