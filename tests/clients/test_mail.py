"""What the mail provider's answers mean, through its own library."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta

import pytest
from resend.exceptions import ResendError

from audiospective import clock
from audiospective.clients import mail_http
from audiospective.clients.mail import (
    AccountRefusedError,
    AddressRefusedError,
    AlreadyTakenError,
    EmailRefusedError,
    Envelope,
    LimitedError,
    MailError,
    UnreachableError,
)
from tests.support import post_office
from tests.support.post_office import page, refused
from tests.support.processes import free_port

EMAIL = Envelope(
    sender="Audiospective <mail@archive.example>",
    recipient="alice@mail.example",
    subject="Grüße 🎻",
    text="text",
    html="<p>html</p>",
    headers={"List-Unsubscribe": "<https://archive.example/u/1>"},
)


@pytest.fixture
def office():
    with post_office.running() as found:
        yield found


def send(office, key="key-1"):
    return mail_http.send(office.url, "re_test", EMAIL, key)


def test_an_email_arrives_whole_and_its_id_comes_back(office):
    assert send(office) == "mail-0"
    (found,) = office.delivered.values()
    assert found == {
        "from": EMAIL.sender,
        "to": ["alice@mail.example"],
        "subject": "Grüße 🎻",
        "text": "text",
        "html": "<p>html</p>",
        "headers": {"List-Unsubscribe": "<https://archive.example/u/1>"},
    }


def test_an_email_that_reached_nobody_was_certainly_not_taken():
    with pytest.raises(UnreachableError) as caught:
        mail_http.send(f"http://127.0.0.1:{free_port()}", "re_test", EMAIL, "key-1")
    assert caught.value.refused


def test_an_email_whose_answer_is_lost_may_have_been_taken(office):
    office.answer = lambda _email, _key: None
    with pytest.raises(UnreachableError) as caught:
        send(office)
    assert not caught.value.refused


def test_the_same_key_delivers_once(office):
    assert send(office) == send(office) == "mail-0"
    assert send(office, "key-2") == "mail-1"
    assert len(office.delivered) == 2


DATE = "Sat, 14 Mar 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(400, "validation_error"), EmailRefusedError),
        (refused(401, "missing_api_key"), AccountRefusedError),
        (refused(401, "restricted_api_key"), AccountRefusedError),
        (refused(403, "invalid_api_key"), AccountRefusedError),
        (refused(403, "validation_error", "The domain is not verified."), AccountRefusedError),
        (refused(422, "validation_error", "Invalid `from` field."), AccountRefusedError),
        (refused(422, "validation_error", "Invalid `to` field."), AddressRefusedError),
        (refused(422, "missing_required_field", "Missing `subject`."), EmailRefusedError),
        (refused(409, "invalid_idempotent_request"), AlreadyTakenError),
        (refused(409, "concurrent_idempotent_requests"), UnreachableError),
        (refused(404, "not_found"), UnreachableError),
        (refused(408, "timeout"), UnreachableError),
        (refused(429, "rate_limit_exceeded"), LimitedError),
        (refused(429, "daily_quota_exceeded"), LimitedError),
        (refused(429, "something_new"), LimitedError),
        (refused(500, "application_error"), UnreachableError),
        (refused(503, "maintenance"), UnreachableError),
        (page(502, b"<html>bad gateway</html>"), UnreachableError),
        (page(503, b""), UnreachableError),
        (page(429, b"slow down", "text/plain"), LimitedError),
        (page(200, b"<html>login</html>"), UnreachableError),
        (page(200, b"{", "application/json"), UnreachableError),
        (page(200, b"[]", "application/json"), UnreachableError),
        (page(200, b"null", "application/json"), UnreachableError),
        (page(200, b"{}", "application/json"), UnreachableError),
        (page(200, b'{"id": 7}', "application/json"), UnreachableError),
        (page(400, b'{"name": {"odd": 1}}', "application/json"), UnreachableError),
        (page(400, b"[" * 200_000, "application/json"), UnreachableError),
        (page(200, '{"statusCode": "\u00b2"}'.encode(), "application/json"), UnreachableError),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), UnreachableError),
        (None, UnreachableError),
    ],
)
def test_every_answer_has_its_name(office, answer, error):
    office.answer = lambda email, key: answer
    if answer and answer[0] == 200:  # the post office would take it as acceptance
        office.take = lambda email, key: answer
    with pytest.raises(MailError) as caught:
        send(office)
    assert type(caught.value) is error
    assert "alice" not in str(caught.value)


def test_whatever_an_answer_names_every_database_takes(office):
    office.answer = lambda email, key: refused(400, "no\0 \ud800" + 1000 * "o")
    with pytest.raises(EmailRefusedError, match=r"^400 no\\x00 \\ud800o{100,200}$"):
        send(office)
    office.take = lambda email, key: page(200, b'{"id": "a\\u0000"}', "application/json")
    assert send(office) == "a\\x00"


@pytest.mark.parametrize(
    ("name", "headers", "seconds", "daily"),
    [
        ("rate_limit_exceeded", {}, 60, False),
        ("rate_limit_exceeded", {"Retry-After": "2"}, 2, False),
        ("rate_limit_exceeded", {"retry-after": "0"}, 1, False),
        ("daily_quota_exceeded", {}, 86_400, True),
        ("monthly_quota_exceeded", {}, 86_400, True),
        ("daily_quota_exceeded", {"Retry-After": "3600"}, 3600, True),
        ("daily_quota_exceeded", {"Retry-After": "999999999999"}, 86_400, True),
        ("daily_quota_exceeded", {"Retry-After": "-5"}, 86_400, True),
        ("daily_quota_exceeded", {"Retry-After": "soon"}, 86_400, True),
        (
            "daily_quota_exceeded",
            {"Retry-After": "Sat, 14 Mar 2026 14:00:00 GMT", "Date": DATE},
            7200,
            True,
        ),
    ],
)
def test_a_limit_says_how_long_to_wait(monkeypatch, name, headers, seconds, daily):
    error = mail_http._named(
        ResendError(429, name, "slow", "", {"Content-Type": "application/json", **headers})
    )
    assert isinstance(error, LimitedError)
    assert (error.wait, error.daily) == (timedelta(seconds=seconds), daily)


def test_a_provider_that_never_answers_does_not_hold_us(monkeypatch):
    monkeypatch.setattr(mail_http, "READ_SECONDS", 0.2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(UnreachableError):
            mail_http.send(url, "re_test", EMAIL, "key")


def test_a_provider_that_is_not_there_is_unreachable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        with pytest.raises(UnreachableError):
            mail_http.send(f"http://127.0.0.1:{taken.getsockname()[1]}", "re_test", EMAIL, "key")


def test_an_answer_that_is_cut_off_is_none():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def cut() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b'Content-Length: 500\r\n\r\n{"id": "mail'
                )

        thread = threading.Thread(target=cut)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(UnreachableError):
            mail_http.send(url, "re_test", EMAIL, "key")
        thread.join()


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"])
def test_an_answer_that_drips_ends_with_the_deadline(monkeypatch, start):
    """A time-out starts anew with each packet; head or body, the call is over in time."""
    monkeypatch.setattr(mail_http, "LONGEST_SECONDS", 0.3)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            line, _ = server.accept()
            with line:
                line.sendall(start)
                while not over.wait(0.05):
                    line.sendall(b"H")

        dripping = threading.Thread(target=drip)
        dripping.start()
        began = clock.monotonic()
        with pytest.raises(UnreachableError) as found:
            mail_http.send(f"http://127.0.0.1:{server.getsockname()[1]}", "re_test", EMAIL, "key")
        took = clock.monotonic() - began
        over.set()
        dripping.join()
    assert not found.value.refused
    assert took < 60  # of an hour
