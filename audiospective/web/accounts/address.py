"""The link that proves an address: opening it shows a button, pressing that proves it."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts import address
from audiospective.accounts.address import Proof
from audiospective.web.context import services

blueprint = Blueprint("address", __name__)

STATUS = {Proof.STRANGE: 404, Proof.EXPIRED: 410}


@blueprint.route("/address/<token>", methods=["GET", "POST"])
def prove(token: str) -> ResponseReturnValue:
    """Mail scanners open links, so a GET changes nothing."""
    if request.method == "POST":
        address.prove(services(), token)
        return redirect(url_for("address.prove", token=token), 303)
    proof, user = address.examine(services(), token)
    body = render_template("accounts/address.html", proof=proof, user=user, token=token)
    return make_response(body, STATUS.get(proof, 200))
