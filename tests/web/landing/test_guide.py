"""Pages for everybody: privacy, the own Spotify app, and what stands at the foot of each page."""

from __future__ import annotations

import pytest

from audiospective.history import removal
from audiospective.operations import purge
from tests.web.conftest import MakeSite, Visitor


def test_privacy_says_what_this_server_really_does(make_site: MakeSite) -> None:
    plain = make_site().visitor().page("/privacy").text
    assert f"{purge.POLLS.days} days" in plain
    assert f"{purge.NOTICES.days} days" in plain
    assert f"put back for {removal.UNDO.days} days" in plain
    assert "has not given a contact" in plain
    assert "Resend" not in plain
    assert "Sentry" not in plain
    assert "storage service" not in plain
    assert "forget it within a few hours; an e-mail address that is entered to sign in" in plain
    for kept in ("device", "country", "private session", "shuffle", "offline", "skipped",
                 "Links you share", "A bucket of your own"):  # fmt: skip
        assert kept in plain


def test_privacy_names_who_else_sees_something(make_site: MakeSite) -> None:
    site = make_site(
        contact="post@archive.example",
        resend_api_key="re_1",
        sentry_dsn="https://key@errors.example/1",
        storage_url="s3://archive",
        s3_access_key_id="key",
        s3_secret_access_key="secret",
    )
    page = site.visitor().page("/privacy")
    assert "Resend" in page.text
    assert "Sentry" in page.text
    assert "files you import and the plays of closed years" in page.text
    assert "mailto:post@archive.example" in {link.attributes["href"] for link in page.all("a")}


@pytest.mark.parametrize(
    ("contact", "source", "links"),
    [
        ("", "", set()),
        (
            "https://archive.example/contact",
            "https://code.example/it",
            {"https://archive.example/contact", "https://code.example/it"},
        ),
        ("post@archive.example", "", {"mailto:post@archive.example"}),
    ],
)
def test_the_foot_leads_to_what_exists(
    make_site: MakeSite, contact: str, source: str, links: set[str]
) -> None:
    foot = make_site(contact=contact, source_url=source).visitor().page("/").one("footer")
    assert {link.attributes["href"] for link in foot.all("a")} == links | {"/privacy", "/status"}


def test_the_sandbox_says_so_on_every_page(make_site: MakeSite) -> None:
    site = make_site(
        spotify_accounts_url="http://127.0.0.1:8888", spotify_api_url="http://127.0.0.1:8888/v1"
    )
    bar = site.visitor().page("/sign-in").one("div", class_="sandbox-bar")
    assert bar.text.startswith("Sandbox: invented data")
    assert [link.attributes["href"] for link in bar.all("a")] == [
        "http://127.0.0.1:8888/inbox",
        "http://127.0.0.1:8888/account/apps",
    ]


def test_the_real_spotify_has_no_such_bar(visitor: Visitor) -> None:
    assert "Sandbox" not in visitor.page("/").text


def test_who_comes_to_the_waitlist_by_themselves_is_told_nothing_of_storing(
    make_site: MakeSite,
) -> None:
    visitor = make_site(spotify_seats=0).visitor()
    assert "was stored" not in visitor.page("/waitlist").text
    assert (
        "Nothing of your Spotify account was stored" in visitor.page("/waitlist?why=no_seat").text
    )
