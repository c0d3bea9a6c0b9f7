"""The catcher of e-mails, driven by Resend's own library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import resend
from resend.exceptions import ResendError

from audiospective.sandbox import Control, SandboxServer

EMAIL: dict[str, Any] = {
    "from": "Audiospective <hello@archive.example>",
    "to": ["alice@mail.example"],
    "subject": "Grüße <b>& more</b>",
    "html": "<p>Hi <a href='https://archive.example/renew'>renew</a></p><script>1</script>",
    "text": "Hi, https://archive.example/renew",
    "reply_to": "help@archive.example",
    "headers": {"List-Unsubscribe": "<https://archive.example/u>"},
    "tags": [{"name": "kind", "value": "renewal"}],
}


@pytest.fixture(autouse=True)
def aimed(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(resend, "api_url", sandbox.mail_url)
    monkeypatch.setattr(resend, "api_key", "re_sandbox")
    return


def send(key: str | None = None, **changes: Any) -> Any:
    email = {name: value for name, value in {**EMAIL, **changes}.items() if value is not None}
    options = {"idempotency_key": key} if key else None
    return resend.Emails.send(email, options)  # type: ignore[arg-type]


def refused(**changes: Any) -> ResendError:
    with pytest.raises(ResendError) as caught:
        send(**changes)
    return caught.value


def test_a_letter_is_caught_with_all_its_parts(control: Control) -> None:
    answer = send("notice-1")
    (email,) = control.emails("alice@mail.example")
    assert email["id"] == answer["id"]
    assert email["sender"] == EMAIL["from"]
    for name in ("to", "subject", "html", "text", "headers", "tags"):
        assert email[name] == EMAIL[name]
    assert (email["reply_to"], email["idempotency_key"]) == (["help@archive.example"], "notice-1")
    assert resend.Emails.get(answer["id"])["subject"] == EMAIL["subject"]
    assert control.emails("bob@mail.example") == []


def test_the_same_key_sends_once(control: Control) -> None:
    assert send("k")["id"] == send("k")["id"]
    assert len(control.emails()) == 1
    assert send("other")["id"] != send()["id"]
    assert len(control.emails()) == 3


def test_the_same_key_with_another_letter_is_a_conflict(control: Control) -> None:
    send("k")
    error = refused(key="k", subject="Another")
    assert (str(error.code), error.error_type) == ("409", "invalid_idempotent_request")
    assert len(control.emails()) == 1


def test_a_key_is_forgotten_after_a_day(control: Control) -> None:
    send("k")
    control.advance(hours=24, seconds=1)
    send("k", subject="Another")
    assert len(control.emails()) == 2


@pytest.mark.parametrize(
    ("changes", "code", "kind"),
    [
        ({"to": ["nonsense"]}, "422", "validation_error"),
        ({"to": ["a@b.example, c@d.example"]}, "422", "validation_error"),
        ({"from": "nobody"}, "422", "validation_error"),
        ({"cc": "x"}, "422", "validation_error"),
        ({"to": None}, "422", "missing_required_field"),
        ({"subject": ""}, "422", "missing_required_field"),
        ({"html": None, "text": None}, "422", "missing_required_field"),
        ({"to": ["a@b.example"] * 51}, "422", "validation_error"),
        ({"key": "k" * 257}, "400", "invalid_idempotency_key"),
    ],
)
def test_a_wrong_letter_is_refused(
    control: Control, changes: dict[str, Any], code: str, kind: str
) -> None:
    error = refused(**changes)
    assert (str(error.code), error.error_type) == (code, kind)
    assert control.emails() == []


def test_only_known_keys_may_send_if_there_are_any(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.set_mail_keys(["re_real"])
    error = refused()
    assert (str(error.code), error.error_type) == ("403", "invalid_api_key")
    monkeypatch.setattr(resend, "api_key", "re_real")
    assert send()["id"]


def test_without_a_key_nothing_is_sent(sandbox: SandboxServer) -> None:
    answer = requests.post(f"{sandbox.mail_url}/emails", json=EMAIL, timeout=60)
    assert (answer.status_code, answer.json()["name"]) == (401, "missing_api_key")


@pytest.mark.parametrize(
    ("fault", "params", "code", "kind", "retry_after"),
    [
        ("mail_rate_limit", {}, "429", "rate_limit_exceeded", "1"),
        ("mail_rate_limit", {"retry_after": 30}, "429", "rate_limit_exceeded", "30"),
        ("mail_rate_limit", {"retry_after": None}, "429", "rate_limit_exceeded", None),
        ("mail_daily_quota", {}, "429", "daily_quota_exceeded", None),
        ("mail_bad_address", {}, "422", "validation_error", None),
        ("mail_bad_key", {}, "403", "invalid_api_key", None),
        ("mail_bad_key", {"status": 401}, "401", "restricted_api_key", None),
        ("mail_error", {}, "500", "application_error", None),
        ("status", {"endpoint": "mail", "status": 503, "style": "html"}, "503",
         "application_error", None),
        ("reset", {"endpoint": "mail"}, "500", "HttpClientError", None),
        ("stall", {"endpoint": "mail", "seconds": 0.01}, "500", "HttpClientError", None),
    ],
)  # fmt: skip
def test_every_mail_fault_reaches_the_library(
    control: Control,
    fault: str,
    params: dict[str, Any],
    code: str,
    kind: str,
    retry_after: str | None,
) -> None:
    control.fault(fault, times=1, **params)
    error = refused(key="k")
    assert (str(error.code), error.error_type) == (code, kind)
    assert error.headers.get("retry-after") == retry_after
    assert control.emails() == []
    assert send("k")["id"]


def test_a_lost_answer_and_a_second_try_make_one_letter(control: Control) -> None:
    control.fault("lost", endpoint="mail", times=1)
    assert refused(key="k").error_type == "HttpClientError"
    send("k")
    assert len(control.emails()) == 1


def batch(emails: list[dict[str, Any]], **options: Any) -> Any:
    return resend.Batch.send(emails, options)  # type: ignore[arg-type]


def test_a_batch_is_caught_whole(control: Control) -> None:
    emails = [{**EMAIL, "to": [f"n{number}@mail.example"]} for number in range(3)]
    answer = batch(emails, idempotency_key="b")
    assert [one["id"] for one in answer["data"]] == [one["id"] for one in control.emails()]
    assert batch(emails, idempotency_key="b")["data"] == answer["data"]
    assert len(control.emails()) == 3


def test_one_bad_letter_refuses_a_strict_batch_and_is_left_out_of_a_permissive_one(
    control: Control,
) -> None:
    emails = [EMAIL, {**EMAIL, "to": "nonsense"}]
    with pytest.raises(ResendError):
        batch(emails)
    assert control.emails() == []
    answer = batch(emails, batch_validation="permissive")
    assert len(answer["data"]) == 1
    assert answer["errors"][0]["index"] == 1
    assert len(control.emails()) == 1


def test_a_batch_holds_a_hundred_letters_at_most(control: Control) -> None:
    with pytest.raises(ResendError):
        batch([EMAIL] * 101)
    assert len(batch([EMAIL] * 100)["data"]) == 100


def test_the_inbox_shows_e_mails_and_never_runs_them(
    sandbox: SandboxServer, control: Control
) -> None:
    url = f"{sandbox.url}/inbox"
    assert "No e-mails yet" in requests.get(url, timeout=60).text
    email = send()["id"]
    listed = requests.get(url, timeout=60).text
    assert "Grüße &lt;b&gt;&amp; more&lt;/b&gt;" in listed
    assert requests.get(url, params={"to": "bob@x.example"}, timeout=60).text.count("<li>") == 0
    page = requests.get(f"{url}/{email}", timeout=60).text
    assert "List-Unsubscribe" in page
    assert "<script>1" not in page
    html = requests.get(f"{url}/{email}/html", timeout=60)
    assert html.text.endswith(EMAIL["html"])
    policy = html.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    text = requests.get(f"{url}/{email}/text", timeout=60)
    assert text.text == EMAIL["text"]
    assert text.headers["Content-Type"].startswith("text/plain")
    assert requests.get(f"{url}/nothing", timeout=60).status_code == 404
    plain = send(html=None)["id"]
    assert requests.get(f"{url}/{plain}/html", timeout=60).status_code == 404
    control.clear_emails()
    assert control.emails() == []
