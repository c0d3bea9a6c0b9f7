"""What each kind of webhook is sent."""

from __future__ import annotations

import pytest

from audiospective.policy import webhooks
from audiospective.policy.webhooks import Message

BEGUN = Message("backup", "No “recent” backup", "Since <today>.", 7, False, "https://a.example")
READ = [
    ("https://ntfy.sh/mine", "ntfy", "https://ntfy.sh/mine"),
    ("ntfy+https://push.example/mine", "ntfy", "https://push.example/mine"),
    ("gotify+http://10.0.0.2/message?token=T", "gotify", "http://10.0.0.2/message?token=T"),
    ("https://hooks.slack.com/services/T/B/x", "slack", "https://hooks.slack.com/services/T/B/x"),
    ("slack+https://chat.example/hooks/x", "slack", "https://chat.example/hooks/x"),
    ("https://elsewhere.example/in", "json", "https://elsewhere.example/in"),
]


@pytest.mark.parametrize(("value", "kind", "url"), READ)
def test_an_address_tells_its_kind(value: str, kind: str, url: str) -> None:
    found = webhooks.read(value)
    assert (found.kind, found.url) == (kind, url)
    assert url not in repr(found) + found.target


@pytest.mark.parametrize(
    "value",
    ["ftp://x.example", "teams+https://x.example", "x", "https://", "https://a:b@c.example"],
)
def test_what_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="KIND"):
        webhooks.read(value)


def test_each_kind_gets_what_it_reads() -> None:
    def sent(kind: str) -> webhooks.Request:
        return webhooks.request(webhooks.Webhook(kind, "https://x.example"), BEGUN)

    ntfy = sent("ntfy")
    assert (ntfy.json, ntfy.text) == (None, "Since <today>.")
    assert ntfy.headers["Title"].isascii()
    assert ntfy.headers["Priority"] == "high"
    assert sent("gotify").json == {
        "title": BEGUN.title, "message": BEGUN.text, "priority": 8,
    }  # fmt: skip
    assert sent("slack").json == {"text": "*No “recent” backup*\nSince &lt;today&gt;."}
    assert sent("json").json == {
        "alarm": "backup", "state": "begun", "title": BEGUN.title, "text": BEGUN.text,
        "since": 7, "server": "https://a.example",
    }  # fmt: skip
