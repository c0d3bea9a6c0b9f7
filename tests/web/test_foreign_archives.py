"""Nothing of one archive shows to another member: addresses are taken from the map of the site."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.history import append
from audiospective.history.catalog import polled
from audiospective.models import Connection, Play, User
from audiospective.models.exports import Export
from audiospective.policy.plays import PolledPlay
from tests.factories import make_connection, make_user, track
from tests.web.conftest import Site

SECRET_SONG = "Only alice heard this"
REFUSED = {302, 303, 400, 401, 403, 404, 405, 410, 429}


@pytest.fixture
def alice(site: Site) -> User:
    """The owner of an archive that holds something to find."""
    user = make_user("alice", display_name="Alice Archivist")
    make_connection(site.services, user)
    play = PolledPlay(clock.to_ms(clock.now()), track(SECRET_SONG))
    ids = polled.remember([play.track])
    new = append.NewPlay(user.id, play.played_at, ids[play.track.spotify_id], None)
    assert len(append.polled([new])[user.id]) == 1
    return user


@pytest.fixture
def bob(site: Site, alice: User) -> User:
    user = make_user("bob")
    make_connection(site.services, user)
    return user


def addresses(site: Site, alice: User, method: str) -> list[str]:
    """Every address of the site, with each thing of alice's that could stand in it."""
    play = Play.get(Play.user == alice.id)
    export = Export.get_or_none(Export.user == alice.id) or Export.create(
        user=alice, form="csv", status="ready", file_name=f"{SECRET_SONG}.csv", key="exports/1/1",
        created_at=clock.now(), changed_at=clock.now(), expires_at=clock.now() + timedelta(days=1),
    )  # fmt: skip
    hers = (
        alice.id, alice.spotify_account_id, alice.session_key, play.track, play.played_at,
        export.id,
    )  # fmt: skip
    found = []
    with site.app.test_request_context(base_url=site.services.settings.base_url):
        for rule in site.app.url_map.iter_rules():
            if method not in rule.methods or rule.endpoint == "assets.file":
                continue
            for value in hers if rule.arguments else (None,):
                values = dict.fromkeys(rule.arguments, value)
                with suppress(ValueError):  # a text where only a number can stand
                    found.append(site.app.url_for(rule.endpoint, _external=False, **values))
    return found


def test_no_page_shows_another_member_anything_of_an_archive(site, alice, bob):
    browser = site.member(bob)
    for address in addresses(site, alice, "GET"):
        if address == "/sign-out":
            continue
        for query in ("", f"?user={alice.id}", f"?user_id={alice.id}&id={alice.id}"):
            answer = browser.get(address + query)
            assert SECRET_SONG not in answer.text, address
            assert "Alice Archivist" not in answer.text, address
            named = address.rpartition("/")[2] in {str(alice.id), alice.spotify_account_id}
            assert not named or answer.status_code in REFUSED, address


def test_the_owner_sees_it_so_the_proof_is_not_empty(site, alice):
    assert SECRET_SONG in site.member(alice).get("/dashboard").text


def test_no_form_of_another_member_changes_an_archive(make_site, sqlite_database_url):
    site = make_site()
    site.app.config["WTF_CSRF_ENABLED"] = False  # only who may enter each view is looked at here
    owner = make_user("alice")
    make_connection(site.services, owner)
    play = PolledPlay(clock.to_ms(clock.now()), track(SECRET_SONG))
    ids = polled.remember([play.track])
    append.polled([append.NewPlay(owner.id, play.played_at, ids[play.track.spotify_id], None)])
    stranger = make_user("bob")
    make_connection(site.services, stranger)
    before = (User.get_by_id(owner.id).__data__, Connection.get_by_id(owner.id).__data__)
    browser = site.member(stranger)
    for address in addresses(site, owner, "POST"):
        for data in ({}, {"user": owner.id, "user_id": owner.id, "id": owner.id}):
            browser.sign_in(User.get_by_id(stranger.id))  # what was posted before may sign out
            assert browser.post(address, data=data).status_code < 500, address
    assert Connection.get_by_id(stranger.id).fence > 0  # their own buttons did work
    after = (User.get_by_id(owner.id).__data__, Connection.get_by_id(owner.id).__data__)
    assert after == before
    assert Play.select().where(Play.user == owner.id).count() == 1
