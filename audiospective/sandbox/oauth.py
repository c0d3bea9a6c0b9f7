"""`POST /api/token`: codes become grants, refresh tokens become access tokens."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from hmac import compare_digest
from urllib.parse import unquote_plus

from flask import Blueprint, Response, request

from audiospective.sandbox import answers
from audiospective.sandbox.answers import Answer
from audiospective.sandbox.apps import App
from audiospective.sandbox.calls import Call
from audiospective.sandbox.exchange import Sent, carry, respond, state
from audiospective.sandbox.grants import ACCESS_SECONDS, Grant, OAuthError
from audiospective.sandbox.state import SandboxState

bp = Blueprint("oauth", __name__)

ENDPOINTS = {"authorization_code": "token.code", "refresh_token": "token.refresh"}


@bp.post("/api/token")
def token() -> Response:
    """Exchange a code, refresh an access token, or give the app a token of its own."""
    return respond(tokens(state(), request.headers.get("Authorization", ""), request.form))


def tokens(here: SandboxState, authorization: str, form: Mapping[str, str]) -> Sent:
    """`token` without a web framework."""
    kind = form.get("grant_type", "")
    client_id, secret = _credentials(authorization, form)
    with here.lock:
        grant = here.grants.find_refresh(form.get("refresh_token", ""))
        owner = grant.listener_id if grant else here.grants.code_listener(form.get("code", ""))
    call = Call(ENDPOINTS.get(kind, "token"), owner, client_id)

    def make() -> Answer:
        try:
            found = _tokens(here, call, form, client_id, secret)
            return answers.json(found, Cache_Control="no-store")
        except OAuthError as error:
            app = here.apps.get(client_id or "")
            status = app.client_error_status if app and error.error == "invalid_client" else 400
            return answers.oauth_error(error.error, error.description, status)

    return carry(here, call, make)


def _tokens(
    here: SandboxState,
    call: Call,
    form: Mapping[str, str],
    client_id: str | None,
    secret: str | None,
) -> dict[str, object]:
    kind = form.get("grant_type", "")
    if not kind:
        raise OAuthError("unsupported_grant_type", "grant_type parameter is missing")
    app = here.apps.get(client_id or "")
    if app is None:
        raise OAuthError("invalid_client", "Invalid client")
    if secret is not None and not compare_digest(secret.encode(), app.client_secret.encode()):
        raise OAuthError("invalid_client", "Invalid client secret")
    proven = secret is not None
    if kind == "authorization_code":
        grant, access = here.grants.redeem(
            app.client_id, form.get("code", ""), form.get("redirect_uri", ""),
            form.get("code_verifier"), proven,
        )  # fmt: skip
        return _body(grant, access) | {"refresh_token": grant.refresh_token}
    if kind == "refresh_token":
        grant, access, rotated = here.grants.refresh(
            app.client_id, form.get("refresh_token", ""), proven,
            _rotation(here, app, call, form),
        )  # fmt: skip
        return _body(grant, access) | ({"refresh_token": grant.refresh_token} if rotated else {})
    if kind == "client_credentials":
        if not proven:
            raise OAuthError("invalid_client", "Invalid client")
        access = here.grants.new_app_token(app.client_id)
        return {"access_token": access, "token_type": "Bearer", "expires_in": ACCESS_SECONDS}
    raise OAuthError("unsupported_grant_type", "grant_type must be client_credentials, "
                     "authorization_code or refresh_token")  # fmt: skip


def _rotation(here: SandboxState, app: App, call: Call, form: Mapping[str, str]) -> str:
    """Whether this refresh replaces the token: as a fault says, else the grant, else the app."""
    if here.faults.hit(["rotate"], call.endpoint, call.listener, call.app):
        return "always"
    if here.faults.hit(["keep"], call.endpoint, call.listener, call.app):
        return "never"
    grant = here.grants.find_refresh(form.get("refresh_token", ""))
    return (grant.rotation if grant else None) or app.rotation


def _body(grant: Grant, access: str) -> dict[str, object]:
    return {"access_token": access, "token_type": "Bearer", "expires_in": ACCESS_SECONDS,
            "scope": grant.scope}  # fmt: skip


def _credentials(header: str, form: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Client id and secret, from the Basic header or, as also works, from the body."""
    if header.lower().startswith("basic "):
        try:
            text = b64decode(header[6:], validate=True).decode(errors="replace")
        except Base64Error:
            return None, None
        name, _, secret = text.partition(":")
        return unquote_plus(name), unquote_plus(secret)
    return form.get("client_id"), form.get("client_secret")
