"""Heavy pages are made one at a time for each member, and whoever waits too long is told so."""

from __future__ import annotations

import runpy
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import request

from audiospective.accounts import api_tokens, shares
from audiospective.history import one_look, version
from audiospective.models import User, database
from audiospective.policy import api_scopes, page_turns
from audiospective.policy.page_turns import HELD, Door, Guest
from audiospective.web import heavy_pages
from audiospective.web.heavy_pages import HEAVY, LONGEST, TooManyPagesError, Turns
from audiospective.web.sources import THREADS
from tests.browser.members import huge
from tests.factories import make_user
from tests.support.processes import until
from tests.web.conftest import Site
from tests.web.test_queries import addresses

FRAGMENT = {"HX-Request": "true"}
ALICE, BOB = Guest(1, Door.BROWSER), Guest(2, Door.BROWSER)


@pytest.fixture(autouse=True)
def turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Turns]:
    """Nobody waits in these tests: there is one thread."""
    made = Turns()
    monkeypatch.setattr(heavy_pages, "turns", made)
    monkeypatch.setattr(heavy_pages, "PATIENCE", 0.0)
    yield made
    assert made._held == [] or made._held[0].guest.member == 0


def _nothing() -> None:
    pass


def test_a_page_waits_for_the_one_before_it_and_others_pass_it() -> None:
    turns, begun = Turns(), []
    first = turns.take(ALICE, _nothing)

    def second() -> None:
        begun.append(turns.take(ALICE, _nothing, 60.0))

    waiting = threading.Thread(target=second)
    waiting.start()
    until(lambda: len(turns._held) == 2, "the second waits")
    turns.give_back(turns.take(BOB, _nothing))
    assert begun == []
    turns.give_back(first)
    waiting.join(60)
    turns.give_back(begun[0])
    assert turns._held == []


def test_who_waits_too_long_or_asks_for_too_much_is_told_whose_pages_are_in_the_way() -> None:
    turns = Turns()
    turns.take(ALICE, _nothing)
    with pytest.raises(TooManyPagesError) as own:
        turns.take(ALICE, _nothing, 0.0)
    turns.take(BOB, _nothing)
    turns.take(Guest(3, Door.BROWSER), _nothing)
    with pytest.raises(TooManyPagesError) as others:
        turns.take(Guest(4, Door.BROWSER), _nothing, 0.0)
    assert (own.value.own, others.value.own) == (True, False)
    assert len(turns._held) == 3  # who was refused holds nothing


def test_who_waits_leaves_everything_else_to_others() -> None:
    turns, rested = Turns(), []
    turns.take(ALICE, lambda: rested.append("alice"))
    with pytest.raises(ZeroDivisionError):
        turns.take(ALICE, lambda: rested.append(1 // 0))
    assert (rested, len(turns._held)) == ([], 1)


def test_a_page_that_waits_leaves_its_place_to_others_of_its_address(
    site: Site, turns: Turns
) -> None:
    alice, left = make_user("alice"), []
    connection = SimpleNamespace(leave_turn=lambda: left.append(1))
    browser = site.member(alice)
    given = {"gunicorn.socket": connection}
    assert browser.get("/dashboard", environ_base=given).status_code == 200
    assert left == []  # it did not wait
    held = turns.take(Guest(alice.id, Door.BROWSER), _nothing)
    assert browser.get("/dashboard", environ_base=given).status_code == 429
    assert left == [1]
    turns.give_back(held)


class Line:
    """A connection as the server's thread has it."""

    def __init__(self, waited: float, *, left: bool = False) -> None:
        self.waited, self.is_left, self.leave_turn = (lambda: waited), (lambda: left), _nothing


def test_who_has_waited_for_a_thread_for_long_waits_no_longer(site: Site, turns: Turns) -> None:
    browser = site.member(make_user("alice"))

    def ask(page: str, waited: float) -> Any:
        return browser.get(page, environ_base={"gunicorn.socket": Line(waited)})

    assert ask("/dashboard", LONGEST - 1).status_code == 200
    late = ask("/dashboard", LONGEST)
    assert (late.status_code, late.headers["Retry-After"]) == (503, "5")
    assert "Too many pages for one address" in late.text
    assert ask("/settings/sessions", 3 * LONGEST).status_code == 200  # its turn has come


def test_what_was_waited_for_a_thread_counts_for_the_turn(
    site: Site, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float | None] = []
    monkeypatch.setattr(heavy_pages, "PATIENCE", 12.0)
    monkeypatch.setattr(turns, "take", lambda _guest, _rest, patience: given.append(patience))
    monkeypatch.setattr(turns, "give_back", lambda _turn: None)
    browser = site.member(make_user("alice"))
    for waited in (0.0, 13.0, 20.0):
        browser.get("/dashboard", environ_base={"gunicorn.socket": Line(waited)})
    assert given == [12.0, 12.0, 5.0]


def test_no_page_is_made_for_who_has_left_while_they_waited(site: Site, turns: Turns) -> None:
    browser = site.member(make_user("alice"))
    gone = {"gunicorn.socket": Line(3.0, left=True)}
    assert browser.get("/dashboard", environ_base=gone).status_code == 503
    assert turns._held == []
    assert browser.get("/dashboard").status_code == 200


def test_no_browser_can_ask_for_so_many_pages_that_it_is_refused_one() -> None:
    held: list[Guest] = []
    while page_turns.admitted(ALICE, held):
        held.append(ALICE)
    assert len(held) > THREADS


def test_a_member_whose_page_is_being_made_gets_light_pages_and_others_get_theirs(
    site: Site, turns: Turns
) -> None:
    alice, bob = make_user("alice"), make_user("bob")
    token = api_tokens.make(alice, "a program", [api_scopes.PLAYS], 30)
    browser = site.member(alice)
    link = f"/shared/{shares.make(alice, shares.PROFILE, 1, 'UTC')}"
    program = {"Authorization": f"Bearer {token}"}

    def asked() -> list[int]:
        visitor = site.visitor()
        return [
            browser.get("/dashboard").status_code,
            visitor.get("/api/v1/plays", headers=program).status_code,
            visitor.get(link).status_code,
        ]

    assert asked() == [200] * 3
    held = turns.take(Guest(alice.id, Door.VISITOR), _nothing)
    assert asked() == [429] * 3
    for light in ("/settings/sessions", "/settings/api", "/settings/shares", "/exports"):
        assert browser.get(light).status_code == 200, light
    assert site.member(bob).get("/dashboard").status_code == 200
    assert site.visitor().get("/dashboard").status_code == 302
    assert site.visitor().get("/shared/no-such-link").status_code == 404
    assert site.visitor().get("/api/v1/plays").status_code == 401
    turns.give_back(held)
    assert asked() == [200] * 3


def test_the_answer_says_what_to_do_to_people_panels_and_programs(site: Site, turns: Turns) -> None:
    alice = make_user("alice")
    token = api_tokens.make(alice, "a program", [api_scopes.PLAYS], 30)
    browser = site.member(alice)
    held = [turns.take(Guest(alice.id, Door.BROWSER), _nothing)]
    page = browser.get("/reports/all")
    assert (page.status_code, page.headers["Retry-After"]) == (429, "5")
    assert "Too many pages at once" in page.text
    panel = browser.get("/ui/dashboard", headers=FRAGMENT)
    assert (panel.status_code, panel.mimetype) == (429, "text/plain")
    program = site.visitor().get("/api/v1/plays", headers={"Authorization": f"Bearer {token}"})
    assert (program.status_code, program.headers["Retry-After"]) == (429, "5")
    assert program.mimetype == "application/problem+json"
    turns.give_back(held.pop())
    held = [turns.take(Guest(alice.id + n, Door.BROWSER), _nothing) for n in (1, 2, 3)]
    page = browser.get("/reports/all")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "Many pages are being made" in page.text
    for one in held:
        turns.give_back(one)


def test_who_waits_gives_the_connection_to_the_database_back(
    site: Site, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    monkeypatch.setattr(Turns, "_await", lambda *_: closed.append(database.is_closed()))
    browser, held = site.member(make_user("alice")), turns.take(Guest(1, Door.BROWSER), _nothing)
    database.close()  # a request of a server's thread brings none
    assert browser.get("/dashboard").status_code == 429
    assert closed == [True]
    database.connect(reuse_if_open=True)
    turns.give_back(held)


def test_some_threads_are_left_for_light_pages() -> None:
    conf = runpy.run_path(str(Path(__file__).resolve().parents[2] / "gunicorn.conf.py"))
    assert conf["threads"] == 32
    assert conf["threads"] - HELD == 3


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The endpoints that ask for plays, or for the version of the archive, as all figures do."""
    found: set[str] = set()

    def noting(inner: Any) -> Any:
        def asked(*args: Any) -> Any:
            found.add(request.endpoint or "")
            return inner(*args)

        return asked

    monkeypatch.setattr(version, "_rows", noting(version._rows))
    monkeypatch.setattr(one_look, "plays", noting(one_look.plays))
    return found


def test_every_page_that_reads_plays_waits_for_its_turn(site: Site, readers: set[str]) -> None:
    user = huge(site.services)
    made = {rule.endpoint for rule in site.app.url_map.iter_rules()}
    assert made >= HEAVY
    readers.clear()
    browser = site.member(User.get_by_id(user.id))
    for address in addresses(site, user):
        fragment = FRAGMENT if address.startswith("/ui/") else {}
        browser.get(f"{address}?q=song&report=all&period=all", headers=fragment)
    token = api_tokens.make(user, "a program", [*api_scopes.SCOPES], 30)
    program = {"Authorization": f"Bearer {token}"}
    for rule in site.app.url_map.iter_rules():
        if getattr(site.app.view_functions[rule.endpoint], "for_tokens", False):
            browser.get(rule.rule.replace("<kind>", "tracks"), headers=program)
    assert readers - HEAVY == set()
