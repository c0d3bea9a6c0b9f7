"""Nothing of one archive opens for another member or a stranger, at any address of the site.

Addresses are taken from the map of the site, so a new one is tried as soon as it is there. One that
is neither for members, nor for whoever shows a token, nor named in OPEN fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from werkzeug.routing import Rule

from audiospective import clock
from audiospective.accounts import api_tokens, hidden_artists, sessions
from audiospective.history import append
from audiospective.history.catalog import lookup, polled
from audiospective.models import Connection, Import, Play, User
from audiospective.models.base import Row
from audiospective.models.exports import Export
from audiospective.models.gaps import Gap
from audiospective.policy import api_scopes
from audiospective.policy.plays import PolledPlay
from tests.factories import make_connection, make_user, track
from tests.web.conftest import Site, Visitor

# What anybody may open without a session; what a token in the address entitles to is its holder's.
OPEN = {
    "address.prove", "address.restore", "address.restored", "api_description.document",
    "assets.favicon", "assets.file",
    "auth.connect", "auth.ended", "auth.sign_out", "callback.page", "components.page",
    "deletion.done", "deletion.keep_by_link", "deletion.kept", "detach.done", "detach.page",
    "short_addresses.page",
    "guide.own_app", "guide.privacy", "landing.counter", "landing.page", "listenbrainz.validate",
    "metrics.page",
    "probes.alive", "probes.ready", "reconnect.page", "shared.of_year", "shared.page",
    "sign_in.ask", "sign_in.link", "sign_in.page", "sign_in.sent", "sign_in.use", "status.page",
    "theme.choose", "unsubscribe.page", "waitlist.confirm", "waitlist.join", "waitlist.leave",
    "waitlist.page", "waitlist.place", "waitlist.thanks",
}  # fmt: skip
SONG, ARTIST = "Only alice heard this", "The Band of Alice Alone"
SECRETS = (SONG, ARTIST, "Alice Archivist", "alice@mail.example", "alices-own.csv")
FRAGMENT = {"HX-Request": "true"}
WENT_IN = (302, 303)
TOPS = ("/api/v1/tops/tracks", "/api/v1/tops/artists", "/api/v1/tops/albums")


@dataclass
class World:
    """Alice's archive, and what of it could stand in an address."""

    site: Site
    alice: User
    artist: int
    values: list[Any]

    def addresses(self, rule: Rule) -> list[str]:
        """The address of a rule, once with each thing of alice's."""
        found = []
        with self.site.app.test_request_context(base_url=self.site.services.settings.base_url):
            for value in self.values if rule.arguments else (None,):
                values = dict.fromkeys(rule.arguments, value)
                with suppress(ValueError):  # a text where only a number can stand
                    found.append(self.site.app.url_for(rule.endpoint, _external=False, **values))
        return found


def rules(site: Site, method: str) -> Iterator[Rule]:
    for rule in site.app.url_map.iter_rules():
        if method in (rule.methods or ()) and rule.endpoint != "assets.file":
            yield rule


def for_members(site: Site, rule: Rule) -> bool:
    return getattr(site.app.view_functions[rule.endpoint], "for_members", False)


def for_operators(site: Site, rule: Rule) -> bool:
    return getattr(site.app.view_functions[rule.endpoint], "for_operators", False)


def for_tokens(site: Site, rule: Rule) -> bool:
    return getattr(site.app.view_functions[rule.endpoint], "for_tokens", False)


def bearing(user: User) -> dict[str, str]:
    """What a program sends that may do everything in this member's name."""
    return {"Authorization": f"Bearer {api_tokens.make(user, 'All', api_scopes.SCOPES, 30)}"}


@pytest.fixture
def world(site: Site) -> World:
    """Alice with something of everything: a play, a gap, files, a session, a hidden artist."""
    site.app.config["WTF_CSRF_ENABLED"] = False  # only what each view itself refuses is looked at
    now = clock.now()
    alice = make_user(
        "alice", display_name="Alice Archivist", email="alice@mail.example", email_verified_at=now
    )
    make_connection(site.services, alice, last_success_at=now)
    play = PolledPlay(clock.to_ms(now), track(SONG, ARTIST))
    ids = polled.remember([play.track])
    number = ids[play.track.spotify_id]
    append.polled([append.NewPlay(alice.id, play.played_at, number, None)])
    named = lookup.tracks([number])[number]
    Gap.create(
        user=alice, started_at=now - timedelta(days=2), probably_from=now - timedelta(days=2),
        ended_at=now - timedelta(days=1), cause="outage", certainty="sure", opened_at=now,
    )  # fmt: skip
    export = Export.create(
        user=alice, form="csv", status="ready", file_name="alices-own.csv", key="exports/1/1",
        created_at=now, changed_at=now, expires_at=now + timedelta(days=1),
    )  # fmt: skip
    brought = Import.create(user=alice, status="failed", created_at=now, changed_at=now)
    key = sessions.begin(alice, "spotify", "Alice's browser")
    session = sessions.find(key)
    assert session is not None
    hidden_artists.hide(alice.id, named.artists[0][0])
    texts = [
        alice.display_name, alice.spotify_account_id, alice.session_key, key, play.track.spotify_id
    ]  # fmt: skip
    numbers = [
        alice.id, number, named.artists[0][0], named.album_id, play.played_at, export.id,
        brought.id, session.id,
    ]  # fmt: skip
    return World(site, alice, named.artists[0][0], [*dict.fromkeys(numbers), *texts])


def bob(world: World) -> Visitor:
    user = make_user("bob")
    make_connection(world.site.services, user)
    return world.site.member(user)


def told(text: str, address: str) -> list[str]:
    """The secrets that an answer tells and the address it was asked for did not give."""
    return [secret for secret in SECRETS if secret in text and secret not in unquote(address)]


def rows_of(user: User) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that is this member's."""
    found = {}
    for model in Row.__subclasses__():
        if "user" in model._meta.fields:
            found[model.__name__] = sorted(
                model.select().where(model._meta.fields["user"] == user.id).tuples(), key=str
            )
    found["User"] = list(User.select().where(User.id == user.id).tuples())
    return found


def test_every_address_is_for_members_or_named_as_open(site):
    kinds = {
        rule.endpoint: for_members(site, rule)
        + for_operators(site, rule)
        + for_tokens(site, rule)
        + (rule.endpoint in OPEN)
        for rule in site.app.url_map.iter_rules()
    }
    unruled = sorted(one for one, ways in kinds.items() if ways != 1)
    assert unruled == [], "not one of `signed_in`, `for_operators`, `allowed` and OPEN"
    gone = OPEN - kinds.keys() - {"components.page"}  # that one is there in the sandbox only
    assert gone == set()


def test_no_address_shows_another_member_anything_of_an_archive(world):
    browser = bob(world)
    for rule in rules(world.site, "GET"):
        for address in world.addresses(rule):
            for query in (
                "",
                f"?user={world.alice.id}&user_id={world.alice.id}&id={world.alice.id}",
            ):
                for headers in ({}, FRAGMENT):
                    text = browser.get(address + query, headers=headers).text
                    assert told(text, address) == [], (address + query, headers)


def test_no_address_shows_a_stranger_anything_and_those_for_members_ask_for_a_sign_in(world):
    browser = world.site.visitor()
    for rule in rules(world.site, "GET"):
        for address in world.addresses(rule):
            page, fragment = browser.get(address), browser.get(address, headers=FRAGMENT)
            assert told(page.text + fragment.text, address) == [], address
            if for_members(world.site, rule):
                lead = (page.headers.get("Location") or "").partition("?")[0]
                # A fragment that is opened as a page leads to its page, which then asks.
                assert page.status_code in WENT_IN, address
                assert lead == "/sign-in" or address.startswith("/ui/"), address
                assert fragment.status_code == 401, address
                assert fragment.headers["HX-Redirect"].startswith("/sign-in"), address


def test_no_token_shows_another_member_anything_and_without_one_there_is_nothing(world):
    hidden_artists.show(world.alice.id, world.artist)  # figures leave hidden ones out
    programs = [rule for rule in rules(world.site, "GET") if for_tokens(world.site, rule)]
    assert len(programs) >= 4
    browser, seen = bob(world), ""
    hers, bobs = bearing(world.alice), bearing(User.get(User.spotify_id == "bob"))
    for addresses in (*map(world.addresses, programs), TOPS):
        assert browser.get(addresses[0]).status_code == 401, addresses[0]  # a session is no token
        for address in addresses:
            answer = browser.get(address, headers=bobs)
            assert answer.status_code in (200, 404), address
            assert told(answer.text, address) == [], address
            seen += browser.get(address, headers=hers).text
    assert SONG in seen
    assert ARTIST in seen


def test_the_owner_sees_all_of_it_so_the_proof_is_not_empty(world):
    browser = world.site.member(world.alice)
    seen = ""
    for rule in rules(world.site, "GET"):
        if rule.endpoint.startswith("auth."):
            continue
        answers = [browser.get(address) for address in world.addresses(rule)]
        seen += "".join(answer.text for answer in answers)
    assert [secret for secret in SECRETS if secret not in seen] == []


def test_no_form_of_another_member_changes_an_archive(world):
    browser, mine = bob(world), User.get(User.spotify_id == "bob")
    before = rows_of(world.alice)
    assert sum(map(len, before.values())) >= 8
    for rule in rules(world.site, "POST"):
        for address in world.addresses(rule):
            everything = dict.fromkeys(("user", "user_id", "id"), world.alice.id)
            for data in ({}, everything):
                browser.sign_in(User.get_by_id(mine.id))  # what was posted before may sign out
                assert browser.post(address, data=data).status_code < 500, address
    assert Connection.get_by_id(mine.id).fence > 0  # their own buttons did work
    assert rows_of(world.alice) == before
    assert Play.select().where(Play.user == world.alice.id).count() == 1


def test_no_form_does_anything_for_a_stranger(world):
    browser = world.site.visitor()
    before = rows_of(world.alice)
    for rule in rules(world.site, "POST"):
        for address in world.addresses(rule):
            answer = browser.post(address, data={})
            assert answer.status_code < 500, address
            if for_members(world.site, rule):
                assert answer.status_code in WENT_IN, address
                assert answer.headers["Location"].startswith("/sign-in"), address
    assert rows_of(world.alice) == before
