"""Webhooks for alarms: which kinds there are, and what each wants to be sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audiospective.policy import service_urls
from audiospective.policy.service_urls import UrlError

KNOWN_HOSTS = {"ntfy.sh": "ntfy", "hooks.slack.com": "slack"}
MOST = 4_000  # characters; ntfy makes a file of a longer message


@dataclass(frozen=True)
class Webhook:
    """An address and what listens there; the address may hold a secret."""

    kind: str
    url: str = field(repr=False)

    @property
    def target(self) -> str:
        """What stands for the address in rows and logs."""
        return f"{self.kind}-{hashlib.sha256(self.url.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Message:
    """What is told. `over`: it has ended. `since` in seconds since 1970."""

    topic: str
    title: str
    text: str
    since: int
    over: bool
    server: str


@dataclass(frozen=True)
class Request:
    """A POST: a JSON document, or a text with headers."""

    json: Mapping[str, Any] | None = None
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def read(value: str) -> Webhook:
    """The webhook that a setting names: `KIND+https://...`, or an address that tells its kind.

    Raises ValueError with words that follow the setting's name.
    """
    kind, plus, rest = value.partition("+")
    known = bool(plus) and kind in REQUESTS
    url = rest if known else value
    try:
        parts = service_urls.split(url)
    except UrlError as error:
        raise ValueError(str(error)) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        kinds = ", ".join(sorted(REQUESTS))
        raise ValueError(f"must be KIND+https://..., with one of the kinds {kinds}.")
    return Webhook(kind if known else KNOWN_HOSTS.get(parts.hostname, "json"), url)


def request(webhook: Webhook, message: Message) -> Request:
    """What to post to this webhook."""
    return REQUESTS[webhook.kind](message)


def _ntfy(message: Message) -> Request:
    """docs.ntfy.sh/publish: the body is the text; a header may hold ASCII alone."""
    headers = {
        "Title": message.title.encode("ascii", "replace").decode(),
        "Priority": "default" if message.over else "high",
        "Tags": "white_check_mark" if message.over else "warning",
        "Click": f"{message.server}/ops",
    }
    return Request(text=message.text[:MOST], headers=headers)


def _gotify(message: Message) -> Request:
    """gotify.net/docs/pushmsg: title, message and a priority from 0 to 10."""
    return Request(
        json={
            "title": message.title,
            "message": message.text[:MOST],
            "priority": 4 if message.over else 8,
        }
    )


def _slack(message: Message) -> Request:
    """Slack's incoming webhooks, which Mattermost, Rocket.Chat and Discord (/slack) read too."""
    return Request(json={"text": _escaped(f"*{message.title}*\n{message.text[:MOST]}")})


def _json(message: Message) -> Request:
    return Request(
        json={
            "alarm": message.topic,
            "state": "over" if message.over else "begun",
            "title": message.title,
            "text": message.text,
            "since": message.since,
            "server": message.server,
        }
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


REQUESTS: Mapping[str, Callable[[Message], Request]] = {
    "gotify": _gotify,
    "json": _json,
    "ntfy": _ntfy,
    "slack": _slack,
}
