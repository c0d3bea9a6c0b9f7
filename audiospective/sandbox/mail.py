"""The mail provider's HTTP API, as far as e-mails are sent; nothing leaves this machine."""

import re
from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint, Response, request

from audiospective.sandbox import answers
from audiospective.sandbox.answers import Answer
from audiospective.sandbox.calls import Call
from audiospective.sandbox.exchange import exchange, state
from audiospective.sandbox.mailbox import as_list

bp = Blueprint("mail", __name__)

MOST_RECIPIENTS, MOST_EMAILS, LONGEST_KEY = 50, 100, 256
ADDRESS = re.compile(r"[^@\s<>,]+@[^@\s<>,]+\.[^@\s<>,]+")
NAMED = re.compile(rf".*<({ADDRESS.pattern})>\s*")
KEY = re.compile(r"Bearer (\S+)")


class RefusedError(Exception):
    """An e-mail that is not accepted."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@bp.post("/emails")
def send() -> Response:
    """Accept one e-mail."""

    def make() -> Answer:
        mail = _payload(dict)
        return _once(mail, lambda key: {"id": _deliver(mail, key)})

    return _answer(make)


@bp.post("/emails/batch")
def send_batch() -> Response:
    """Accept up to a hundred e-mails: all or none, or, if asked to be permissive, the good ones."""

    def make() -> Answer:
        mails = _payload(list)
        if len(mails) > MOST_EMAILS:
            raise _invalid("You can send up to 100 emails per request.")
        permissive = request.headers.get("X-Batch-Validation") == "permissive"
        return _once(mails, lambda key: _deliver_all(mails, key, permissive))

    return _answer(make)


@bp.get("/emails/<id>")
def retrieve(id: str) -> Response:
    """One e-mail as it was accepted."""

    def make() -> Answer:
        email = state().mailbox.emails.get(id)
        if email is None:
            return answers.mail_error(404, "not_found", "Email not found")
        return answers.json(
            {
                "object": "email", "id": email.id, "from": email.sender, "to": email.to,
                "subject": email.subject, "html": email.html, "text": email.text,
                "cc": email.cc, "bcc": email.bcc, "reply_to": email.reply_to,
                "last_event": "delivered",
            }
        )  # fmt: skip

    return _answer(make)


def _answer(make: Callable[[], Answer]) -> Response:
    def guarded() -> Answer:
        try:
            _check_key()
            return make()
        except RefusedError as error:
            return error.answer

    return exchange(Call("emails"), guarded)


def _check_key() -> None:
    found = KEY.fullmatch(request.headers.get("Authorization", ""))
    if found is None:
        raise RefusedError(answers.mail_error(401, "missing_api_key", "Missing API Key"))
    keys = state().mail_keys
    if keys is not None and found[1] not in keys:
        raise RefusedError(answers.mail_error(403, "invalid_api_key", "API key is invalid"))


def _payload(kind: type) -> Any:
    payload = request.get_json(silent=True)
    if not isinstance(payload, kind) or not payload:
        raise _invalid("The request body must be valid JSON of the documented shape.")
    return payload


def _once(payload: Any, deliver: Callable[[str | None], Any]) -> Answer:
    """Deliver, or repeat the answer that the same idempotency key got before."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return answers.json(deliver(None))
    if not 1 <= len(key) <= LONGEST_KEY:
        raise RefusedError(answers.mail_error(
            400, "invalid_idempotency_key", "The key must be between 1-256 chars."
        ))  # fmt: skip
    mailbox = state().mailbox
    differs, earlier = mailbox.earlier(key, payload)
    if differs:
        raise RefusedError(answers.mail_error(
            409, "invalid_idempotent_request",
            "This idempotency key has been used on a request with a different payload.",
        ))  # fmt: skip
    if earlier is None:
        earlier = deliver(key)
        mailbox.remember(key, payload, earlier)
    return answers.json(earlier)


def _deliver(mail: dict[str, Any], key: str | None) -> str:
    _validate(mail)
    return state().mailbox.deliver(mail, key).id


def _deliver_all(mails: list[Any], key: str | None, permissive: bool) -> dict[str, Any]:
    errors, good = [], []
    for index, mail in enumerate(mails):
        try:
            if not isinstance(mail, dict):
                raise _invalid("Each email must be an object.")
            _validate(mail)
            if mail.get("attachments") or mail.get("scheduled_at"):
                raise _invalid("Attachments and scheduling are not available in a batch.")
            good.append(mail)
        except RefusedError as error:
            if not permissive:
                raise
            message = orjson.loads(error.answer.body)["message"]
            errors.append({"index": index, "message": message})
    data = [{"id": _deliver(mail, key)} for mail in good]
    return {"data": data, "errors": errors} if permissive else {"data": data}


def _validate(mail: dict[str, Any]) -> None:
    for name in ("from", "to", "subject"):
        if not mail.get(name):
            raise RefusedError(answers.mail_error(
                422, "missing_required_field", f"Missing `{name}` field."
            ))  # fmt: skip
    if not mail.get("html") and not mail.get("text"):
        raise RefusedError(answers.mail_error(
            422, "missing_required_field", "Missing `html` or `text` field."
        ))  # fmt: skip
    if len(as_list(mail["to"])) > MOST_RECIPIENTS:
        raise _invalid("The `to` field has more than 50 recipients.")
    for name in ("from", "to", "cc", "bcc", "reply_to"):
        for address in map(str, as_list(mail.get(name))):
            if not (ADDRESS.fullmatch(address.strip()) or NAMED.fullmatch(address)):
                raise _invalid(
                    f"Invalid `{name}` field. The email address needs to follow the "
                    "`email@example.com` or `Name <email@example.com>` format."
                )


def _invalid(message: str) -> RefusedError:
    return RefusedError(answers.mail_error(422, "validation_error", message))
