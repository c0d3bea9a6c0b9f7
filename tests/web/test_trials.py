"""Trials of what members name wait for servers of others, so each member has one at a time."""

from __future__ import annotations

import pytest

from audiospective import clock
from audiospective.exports import forwarding, schedule
from audiospective.exports.buckets import BucketError
from audiospective.exports.forwarding import UnusableError
from audiospective.models import User
from audiospective.web import trials
from audiospective.web.long_bodies import Turns
from tests.factories import make_user
from tests.web.conftest import Site

SENT = {
    "/settings/forwarding": {"root": "https://listens.example", "token": "t" * 36},
    "/exports/schedule": {
        "goes_to": "bucket", "form": "csv", "endpoint": "https://s3.example", "region": "us-east-1",
        "bucket": "alices-plays", "key_id": "AKIAEXAMPLE12345", "secret": "s" * 40, "prefix": "",
    },
    "/settings/spotify-app": {"client_id": "no id", "client_secret": "no secret"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked: every trial fails at once."""

    def bucket(*_: object) -> None:
        raise BucketError("no such bucket")

    def server(*_: object, **__: object) -> None:
        raise UnusableError("no such server")

    monkeypatch.setattr(schedule, "save", bucket)
    monkeypatch.setattr(forwarding, "save", server)
    monkeypatch.setattr(trials, "TURNS", Turns(above=0, at_once=2, of_one=1))


def tried(site: Site, member: User, page: str) -> int:
    browser = site.member(member)
    return browser.submit(browser.page(page), page, **SENT[page]).status_code


@pytest.mark.parametrize("page", SENT)
def test_one_member_tries_one_thing_at_a_time_and_others_are_not_kept_from_it(
    site: Site, page: str
) -> None:
    alice, bob = make_user("alice"), make_user("bob")
    assert [tried(site, alice, page) for _ in range(3)] == [422] * 3  # a trial that fails ends
    assert trials.TURNS.take(alice.id)
    assert tried(site, alice, page) == 503
    assert tried(site, bob, page) == 422
    assert trials.TURNS.take(bob.id)
    assert tried(site, make_user("charlie"), page) == 503
    trials.TURNS.give_back(alice.id)
    assert tried(site, alice, page) == 422


def test_an_export_that_comes_by_email_tries_nothing_and_waits_for_no_trial(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "save", lambda *_: None)
    alice = make_user("alice", email="alice@example.org", email_verified_at=clock.now())
    assert trials.TURNS.take(alice.id)
    browser, page = site.member(alice), "/exports/schedule"
    sent = {"goes_to": "email", "form": "csv"}
    assert browser.submit(browser.page(page), page, **sent).status_code == 303
