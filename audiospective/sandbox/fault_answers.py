"""Answers that a fault gives instead of the real one, made from the fault's parameters."""

from collections.abc import Callable
from typing import Any

from audiospective.sandbox import answers
from audiospective.sandbox.answers import Answer

Params = dict[str, Any]


def _status(params: Params) -> Answer:
    status = int(params.get("status", 500))
    style = params.get("style", "json")
    message = params.get("message", answers.SERVER_ERRORS.get(status, "Error"))
    if style == "html":
        return answers.html(status, message)
    if style == "plain":
        return answers.plain(status, message)
    if style == "empty":
        return Answer(status, b"", answers.HTML)
    return answers.api_error(status, message)


def _mail_key(params: Params) -> Answer:
    if params.get("status", 403) == 401:
        return answers.mail_error(
            401, "restricted_api_key", "This API key is restricted to only send emails"
        )
    return answers.mail_error(403, "invalid_api_key", "API key is invalid")


CANNED: dict[str, Callable[[Params], Answer]] = {
    "token_expired": lambda params: answers.TOKEN_EXPIRED,
    "token_invalid": lambda params: answers.TOKEN_INVALID,
    "no_token": lambda params: answers.TOKEN_MISSING,
    "scope": lambda params: answers.SCOPE_MISSING,
    "forbidden": lambda params: answers.FORBIDDEN,
    "no_premium": lambda params: answers.NO_PREMIUM,
    "not_listed": lambda params: answers.NOT_LISTED[str(params.get("wording", "2024"))],
    "rate_limit": lambda params: answers.limited(
        params.get("style", "json"), params.get("retry_after", 30)
    ),
    "quota": lambda params: answers.quota(params.get("retry_after", 50_000)),
    "status": _status,
    "html": lambda params: answers.html(params.get("status", 200), "Please stand by"),
    "empty": lambda params: Answer(params.get("status", 200)),
    "null": lambda params: Answer(params.get("status", 200), b"null"),
    "list": lambda params: Answer(params.get("status", 200), b"[]"),
    "body": lambda params: Answer(
        params.get("status", 200),
        str(params.get("text", "")).encode(),
        params.get("content_type", answers.JSON),
        {name: str(value) for name, value in params.get("headers", {}).items()},
    ),
    "invalid_grant": lambda params: answers.oauth_error(
        "invalid_grant", params.get("description", "Invalid refresh token")
    ),
    "invalid_client": lambda params: answers.oauth_error(
        "invalid_client",
        params.get("description", "Invalid client secret"),
        params.get("status", 400),
    ),
    "code_expired": lambda params: answers.oauth_error(
        "invalid_grant", "Authorization code expired"
    ),
    "code_invalid": lambda params: answers.oauth_error(
        "invalid_grant", "Invalid authorization code"
    ),
    "mail_rate_limit": lambda params: answers.mail_error(
        429, "rate_limit_exceeded", "Too many requests. You can only make 2 requests per second.",
        **({} if params.get("retry_after", 1) is None
           else {"retry_after": str(params.get("retry_after", 1))}),
    ),
    "mail_daily_quota": lambda params: answers.mail_error(
        429, "daily_quota_exceeded", "You have reached your daily email sending quota."
    ),
    "mail_bad_address": lambda params: answers.mail_error(
        422, "validation_error",
        "Invalid `to` field. The email address needs to follow the `email@example.com` format.",
    ),
    "mail_bad_key": _mail_key,
    "mail_error": lambda params: answers.mail_error(
        500, "application_error", "An unexpected error occurred."
    ),
}  # fmt: skip
