"""Redirect URIs and the calendar of a consent."""

from __future__ import annotations

import pytest

from audiospective.sandbox.apps import App, is_secure
from audiospective.sandbox.clock import iso, to_ms
from audiospective.sandbox.grants import add_months, challenge_of


@pytest.mark.parametrize(
    ("registered", "asked", "accepted"),
    [
        ("http://127.0.0.1/callback", "http://127.0.0.1:5000/callback", True),
        ("http://127.0.0.1/callback", "http://127.0.0.1/callback", True),
        ("http://[::1]/callback", "http://[::1]:81/callback", True),
        ("http://127.0.0.1/callback", "http://127.0.0.1:5000/callback/", False),
        ("http://127.0.0.1/callback", "http://127.0.0.1:5000/Callback", False),
        ("http://127.0.0.1/callback", "http://127.0.0.1:5000/callback?x=1", False),
        ("http://127.0.0.1/callback", "https://127.0.0.1:5000/callback", False),
        ("http://127.0.0.1/callback", "http://127.0.0.1.evil.example:5000/callback", False),
        ("http://127.0.0.1/callback", "http://a@127.0.0.1:5000/callback", False),
        ("http://127.0.0.1/callback", "http://127.0.0.1:port/callback", False),
        ("http://127.0.0.1:5000/callback", "http://127.0.0.1:5001/callback", False),
        ("http://127.0.0.1:5000/callback", "http://127.0.0.1:5000/callback", True),
        ("https://music.example/callback", "https://music.example/callback", True),
        ("https://music.example/callback", "https://music.example:8443/callback", False),
        ("https://music.example/callback", "https://music.example/callback#x", False),
        ("https://music.example/callback", "", False),
    ],
)
def test_a_redirect_uri_is_registered_exactly_but_for_a_loopback_port(
    registered: str, asked: str, accepted: bool
) -> None:
    assert App(redirect_uris=[registered]).has_redirect(asked) is accepted


@pytest.mark.parametrize(
    ("uri", "secure"),
    [
        ("https://music.example/callback", True),
        ("http://127.0.0.1:5000/callback", True),
        ("http://[::1]:5000/callback", True),
        ("http://localhost:5000/callback", False),
        ("https://localhost:5000/callback", False),
        ("http://192.168.0.7/callback", False),
        ("http://music.example/callback", False),
        ("http://127.0.0.1.music.example/callback", False),
        ("callback", False),
        ("http://[::1/callback", False),
    ],
)
def test_only_https_and_loopback_addresses_are_secure(uri: str, secure: bool) -> None:
    assert is_secure(uri) is secure


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-05-22T10:00:00.123Z", "2026-11-22T10:00:00.123Z"),
        ("2026-08-31T00:00:00.000Z", "2027-02-28T00:00:00.000Z"),
        ("2027-08-31T23:59:59.999Z", "2028-02-29T23:59:59.999Z"),
        ("2026-12-01T00:00:00.000Z", "2027-06-01T00:00:00.000Z"),
        ("2026-06-30T12:00:00.000Z", "2026-12-30T12:00:00.000Z"),
    ],
)
def test_six_months_are_counted_by_the_calendar(start: str, end: str) -> None:
    assert iso(add_months(to_ms(start), 6)) == end


def test_the_challenge_is_the_one_of_the_standard() -> None:
    # RFC 7636, appendix B
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize("facts", [{"mode": "enterprise"}, {"rotation": "daily"}])
def test_an_app_of_no_known_kind_is_refused(facts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="no such"):
        App(**facts)  # type: ignore[arg-type]
