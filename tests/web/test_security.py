"""What browsers are told, which requests are refused, and what a session cookie may do."""

from __future__ import annotations

import pytest
from flask import session

from audiospective.web import security
from audiospective.web.security import BODY_LIMIT
from tests.factories import make_user
from tests.web.conftest import MakeSite, Site, Visitor

PAGES = ["/", "/_components", "/nowhere", "/healthz", "/dashboard"]


@pytest.mark.parametrize("address", PAGES)
def test_every_answer_carries_the_strict_headers(visitor: Visitor, address: str) -> None:
    headers = visitor.get(address).headers
    policy = headers["Content-Security-Policy"]
    rules = dict(rule.partition(" ")[::2] for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["form-action"] == "'self'"
    assert rules["base-uri"] == rules["frame-ancestors"] == rules["font-src"] == "'none'"
    assert "unsafe" not in policy
    assert "data:" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Server" not in headers
    assert "Strict-Transport-Security" not in headers  # plain http on this machine


def test_covers_come_from_spotify_and_nowhere_else(make_site: MakeSite) -> None:
    visitor = make_site().visitor()
    policy = visitor.get("/").headers["Content-Security-Policy"]
    assert "img-src 'self' https://i.scdn.co;" in policy


def test_in_the_sandbox_covers_come_from_the_stand_in_too(make_site: MakeSite) -> None:
    visitor = make_site(spotify_api_url="http://127.0.0.1:9999/v1").visitor()
    policy = visitor.get("/").headers["Content-Security-Policy"]
    assert "img-src 'self' https://i.scdn.co http://127.0.0.1:9999;" in policy


def test_https_adds_transport_security_and_a_host_bound_cookie(make_site: MakeSite) -> None:
    site = make_site(base_url="https://archive.example")
    member = site.member(make_user())
    answer = member.get("/dashboard")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_without_https_the_cookie_is_still_closed_to_scripts(site: Site) -> None:
    cookie = site.member(make_user()).get("/dashboard").headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1:8000.evil.example",
        "evil.example#127.0.0.1:8000",
        "127.0.0.1:8001",
        "127.0.0.1",
        "127.0.0.1:notaport",
        "user@127.0.0.1:8000",
        "[::1]:8000",
        "",
    ],
)
def test_a_forged_host_is_refused(visitor: Visitor, host: str) -> None:
    answer = visitor.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_forwarding_headers_do_not_change_who_we_are(visitor: Visitor) -> None:
    answer = visitor.get(
        "/nowhere",
        headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    )
    assert answer.status_code == 404
    assert "evil" not in answer.text


def test_probes_answer_under_any_name(visitor: Visitor) -> None:
    assert visitor.get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_localhost_leads_to_the_address_that_spotify_accepts(visitor: Visitor) -> None:
    answer = visitor.get("/dashboard?a=1", headers={"Host": "localhost:8000"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "http://127.0.0.1:8000/dashboard?a=1"


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ("/history/%0d%0aSet-Cookie:a=b", "/history/%0D%0ASet-Cookie:a=b"),
        ("/tracks/%E2%82%AC%20%3F?q=%0d%0a", "/tracks/%E2%82%AC%20%3F?q=%0d%0a"),
        ("/reports/2026-01-01..2026-02-01", "/reports/2026-01-01..2026-02-01"),
    ],
)
def test_what_is_no_part_of_a_header_stays_out_of_a_redirect(
    visitor: Visitor, asked: str, leads: str
) -> None:
    answer = visitor.get(asked, headers={"Host": "localhost:8000"})
    assert (answer.status_code, answer.headers["Location"]) == (
        302, f"http://127.0.0.1:8000{leads}")  # fmt: skip


def test_localhost_is_a_stranger_where_the_site_has_a_name(make_site: MakeSite) -> None:
    visitor = make_site(base_url="https://archive.example").visitor()
    assert visitor.get("/", headers={"Host": "localhost"}).status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "/theme",
        "/connection/check",
        "/connection/pause",
        "/connection/resume",
        "/connection/disconnect",
    ],
)
def test_a_form_without_its_token_changes_nothing(site: Site, address: str) -> None:
    member = site.member(make_user())
    for token in (None, "", "forged"):
        data = {"theme": "dark"} | ({} if token is None else {"csrf_token": token})
        answer = member.post(address, data=data)
        assert answer.status_code == 400
        assert "This page was open too long" in answer.text
        assert "theme=" not in answer.headers.get("Set-Cookie", "")


def test_another_persons_token_is_refused(site: Site) -> None:
    alice, bob = site.member(make_user("alice")), site.member(make_user("bob"))
    stolen = alice.page("/dashboard").all("input", name="csrf_token")[0].attributes["value"]
    assert alice.post("/theme", data={"theme": "dark", "csrf_token": stolen}).status_code == 303
    assert bob.post("/theme", data={"theme": "dark", "csrf_token": stolen}).status_code == 400


def test_a_tab_left_open_for_weeks_can_still_be_used(site: Site) -> None:
    assert site.app.config["WTF_CSRF_TIME_LIMIT"] is None


def test_an_oversized_form_is_refused_before_it_is_read(visitor: Visitor) -> None:
    answer = visitor.post("/theme", data={"theme": "x" * (BODY_LIMIT + 1)})
    assert answer.status_code == 413
    assert "too large" in answer.text


def test_a_form_with_too_many_parts_is_refused(visitor: Visitor) -> None:
    parts = {f"field{number}": "x" for number in range(300)}
    answer = visitor.post("/theme", data=parts, content_type="multipart/form-data")
    assert answer.status_code == 413


def test_a_larger_body_is_one_views_own_matter_and_only_for_members(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(security._larger, "theme.choose", 2 * BODY_LIMIT)
    form = {"theme": "x" * BODY_LIMIT}
    member = site.member(make_user(secretly("large")))
    assert member.post("/theme", data=form).status_code == 400  # read, and found without a token
    assert site.visitor().post("/theme", data=form).status_code == 401


def test_strangers_send_short_forms_only(site: Site) -> None:
    form = {"theme": "x" * security.STRANGERS_LIMIT}
    assert site.visitor().post("/theme", data=form).status_code == 413
    assert site.member(make_user(secretly("long"))).post("/theme", data=form).status_code == 400


def test_personal_pages_are_kept_by_nobody(site: Site) -> None:
    for address in ("/dashboard", "/"):
        answer = site.member(make_user(secretly(address))).get(address)
        assert answer.headers["Cache-Control"] == "private, no-store"


def secretly(text: str) -> str:
    return f"member{len(text)}"


def test_strangers_get_no_cookie_from_the_landing_page(visitor: Visitor) -> None:
    answer = visitor.get("/")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert "Cookie" in answer.headers["Vary"]


def test_a_session_made_elsewhere_is_no_session(site: Site) -> None:
    user = make_user()
    visitor = site.visitor()
    visitor.set_cookie("audiospective", f"eyJfdXNlcl9pZCI6I{user.session_key}", domain="127.0.0.1")
    with visitor:
        visitor.get("/dashboard")
        assert "_user_id" not in session
