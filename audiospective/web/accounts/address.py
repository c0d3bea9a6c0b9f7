"""The links in e-mails about addresses: one proves a new one, one brings a former one back."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.accounts import address_proof, former_address
from audiospective.accounts.address_proof import Proof
from audiospective.web import access, throttle
from audiospective.web.context import services
from audiospective.web.throttle import Limit

blueprint = Blueprint("address", __name__)

STATUS = {Proof.UNKNOWN: 404, Proof.EXPIRED: 410}
TRIES = Limit("address tries", 30, 60)


@blueprint.route("/address/<token>", methods=["GET", "POST"])
def prove(token: str) -> ResponseReturnValue:
    """Mail scanners open links, so a GET changes nothing."""
    session = access.own_session()
    if request.method == "POST":
        proof = address_proof.prove(services(), token, session)
        if proof is Proof.GOOD:
            return redirect(url_for("address.proven"), 303)
    proof, found = address_proof.examine(token, session)
    if proof is Proof.UNKNOWN:
        throttle.enforce(TRIES)
    body = render_template(
        "accounts/address/prove.html",
        proof=proof,
        email=found.email if found else "",
        user=access.signed_in_person(),
        token=token,
    )
    return make_response(body, STATUS.get(proof, 200))


@blueprint.get("/address/proven")
@access.signed_in
def proven() -> ResponseReturnValue:
    return render_template("accounts/address/proven.html", user=access.person())


@blueprint.route("/address/restore/<token>", methods=["GET", "POST"])
def restore(token: str) -> ResponseReturnValue:
    """The link alone entitles: it went to the address that was the archive's before."""
    found = former_address.find(token)
    if found is None:
        throttle.enforce(TRIES)
        return make_response(render_template("accounts/address/restore.html", found=None), 404)
    if request.method == "POST":
        former_address.restore(token)
        access.sign_out()
        return redirect(url_for("address.restored"), 303)
    return render_template("accounts/address/restore.html", found=found, token=token)


@blueprint.get("/address/restored")
def restored() -> ResponseReturnValue:
    return render_template("accounts/address/restored.html")
