"""The page of the monthly export: begun, changed, tried, ended; by its member alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from audiospective import clock
from audiospective.clients.storage import Bucket, S3Storage, Storage
from audiospective.exports import buckets, schedule
from audiospective.models import User
from audiospective.models.export_schedules import ExportSchedule
from audiospective.models.exports import Export
from audiospective.notices import kind
from audiospective.policy.sessions import FRESH
from tests.exports.making import archive, hard_plays
from tests.web.conftest import Site, Visitor

PAGE = "/exports/schedule"


@pytest.fixture
def alice(site: Site) -> User:
    user_id = archive(*hard_plays()[:3])
    address = {"email": "alice@example.org", "email_verified_at": clock.now()}
    User.update(**address).where(User.id == user_id).execute()
    return User.get_by_id(user_id)


@pytest.fixture
def browser(site: Site, alice: User) -> Visitor:
    return site.member(alice)


def send(browser: Visitor, action: str = PAGE, **values: str) -> Any:
    tokens = browser.page(PAGE).all("input")
    token = next(one for one in tokens if one.attributes["name"] == "csrf_token")
    fields = {"csrf_token": token.attributes["value"], **values}
    return browser.post(action, data=fields, headers={"Referer": "http://127.0.0.1/"})


def test_begin_try_and_end(site: Site, browser: Visitor, alice: User) -> None:
    assert send(browser, form="json", goes_to="email").status_code == 303
    assert "Make one now" in browser.get(PAGE).text
    assert send(browser, f"{PAGE}/now").status_code == 303
    assert Export.get().form == "json"
    assert "being made or delivered" in browser.get(PAGE).text
    assert send(browser, f"{PAGE}/stop").status_code == 303
    assert schedule.of(alice.id) is None


def test_a_day_that_has_passed_is_not_called_the_next_one(site: Site, browser: Visitor) -> None:
    """As where no worker has run since."""
    send(browser, form="json", goes_to="email")
    ExportSchedule.update(next_at=clock.now() - timedelta(days=3)).execute()
    assert "Next any minute now" in " ".join(browser.page(PAGE).text.split())


def test_without_a_proven_address_no_e_mail_is_promised(
    site: Site, browser: Visitor, alice: User
) -> None:
    User.update(email_verified_at=None).where(User.id == alice.id).execute()
    answer = send(browser, form="json", goes_to="email")
    assert answer.status_code == 422
    assert "prove an e-mail address first" in answer.text
    (link,) = [one for one in browser.page(PAGE).all("a") if one.text == "prove an e-mail address"]
    assert browser.get(link.attributes["href"]).status_code == 200
    assert "this page says why" in answer.text
    assert "an e-mail says why" not in answer.text


def test_where_an_e_mail_can_be_sent_it_is_promised(browser: Visitor, alice: User) -> None:
    assert "an e-mail says why" in browser.get(PAGE).text
    kind.switch(alice.id, "scheduled_export_failed", on=False)
    assert "this page says why" in browser.get(PAGE).text


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://s3.example.com",
        "https://169.254.169.254",
        "https://10.0.0.1",
        "https://my_minio.example.com",
        "https://foo..example.com",
    ],
)
def test_a_bad_address_is_said_beside_its_field_and_no_secret_comes_back(
    browser: Visitor, endpoint: str
) -> None:
    answer = send(browser, form="json", goes_to="bucket", endpoint=endpoint, region="auto",
                  bucket="mine", key_id="KEY", secret="very-secret-words")  # fmt: skip
    assert answer.status_code == 422
    assert 'id="endpoint-error"' in answer.text
    assert endpoint in answer.text
    assert "very-secret-words" not in answer.text
    assert ExportSchedule.select().count() == 0


def test_a_bucket_is_tried_and_its_secret_is_never_shown(
    browser: Visitor, s3_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connected(wanted: Bucket, *, seconds: float) -> Storage:
        return S3Storage(replace(wanted, endpoint=s3_bucket.endpoint, outside=False))

    monkeypatch.setattr(buckets, "connected", connected)
    answer = send(browser, form="bundle", goes_to="bucket", endpoint="https://s3.example.com",
                  region="us-east-1", bucket=s3_bucket.name, key_id=s3_bucket.key_id,
                  secret=s3_bucket.secret)  # fmt: skip
    assert answer.status_code == 303
    page = browser.get(PAGE).text
    assert "https://s3.example.com" in page
    assert s3_bucket.secret not in page
    # Another service must not be sent the secret of this one.
    moved = send(browser, form="bundle", goes_to="bucket", endpoint="https://evil.example.com",
                 region="us-east-1", bucket=s3_bucket.name, key_id=s3_bucket.key_id)  # fmt: skip
    assert moved.status_code == 422
    assert 'id="secret-error"' in moved.text


def test_changing_it_needs_a_fresh_sign_in(site: Site, alice: User, frozen: Any) -> None:
    browser = site.member(alice)
    browser.get(PAGE)
    frozen.forward(seconds=FRESH.total_seconds() + 1)
    send(browser, form="json", goes_to="email")
    assert ExportSchedule.select().count() == 0


def test_bob_sees_and_ends_only_his_own(site: Site, browser: Visitor, alice: User) -> None:
    send(browser, form="json", goes_to="email")
    bob = site.member(User.get_by_id(archive(name="bob")))
    assert "Make one now" not in bob.get(PAGE).text
    send(bob, f"{PAGE}/stop")
    send(bob, f"{PAGE}/now")
    assert schedule.of(alice.id) is not None
    assert Export.select().count() == 0
