"""Posts one message to one webhook; the address comes from the operator's settings alone."""

from __future__ import annotations

from datetime import timedelta

import requests

from audiospective.clients import timed_http
from audiospective.clients.deadline import Deadline
from audiospective.policy.webhooks import Request, Webhook

CONNECT_SECONDS, READ_SECONDS, LONGEST_SECONDS = 3.0, 5.0, 8.0
LONGEST_WAIT = timedelta(hours=1)


class WebhookError(Exception):
    """The message was not taken; `wait` if the other side said for how long. Repeats no address."""

    def __init__(self, detail: str, wait: timedelta | None = None) -> None:
        super().__init__(detail)
        self.wait = wait


def post(webhook: Webhook, request: Request) -> None:
    """Post it once; returns when it was taken (2xx), raises WebhookError. Follows no redirect."""
    body = {"json": request.json} if request.json is not None else {"data": request.text.encode()}
    try:
        with requests.Session() as session, timed_http.within(Deadline(LONGEST_SECONDS)):
            session.trust_env = False
            timed_http.mount(session)
            answer = session.post(
                webhook.url,
                headers=dict(request.headers),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
                **body,
            )
            answer.close()
    except (requests.RequestException, OSError) as error:
        raise WebhookError(type(error).__name__) from None
    if not 200 <= answer.status_code < 300:
        wait = answer.headers.get("Retry-After", "")
        seconds = timedelta(seconds=int(wait)) if wait.isdecimal() and len(wait) < 7 else None
        raise WebhookError(
            f"answered {answer.status_code}", min(seconds, LONGEST_WAIT) if seconds else None
        )
