"""Long bodies take turns, and files of forms lie where the archive has its disk."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import pytest
from flask import request
from werkzeug.test import EnvironBuilder

from audiospective.web import long_bodies
from audiospective.web.long_bodies import LONG, Turns
from audiospective.web.sent_files import SMALL
from tests.factories import make_user
from tests.web.conftest import Site, Visitor

ALICE, BOB, CHARLIE = 1, 2, 3


def send(browser: Visitor, size: int) -> int:
    return browser.post("/theme", data={"theme": "x" * size}).status_code


def test_one_member_gets_a_part_of_the_turns_and_all_get_no_more_than_there_are() -> None:
    turns = Turns(LONG, at_once=3, of_one=2)
    assert [turns.take(ALICE) for _ in range(3)] == [True, True, False]
    assert [turns.take(who) for who in (BOB, CHARLIE)] == [True, False]
    turns.give_back(ALICE)
    assert [turns.take(who) for who in (CHARLIE, BOB)] == [True, False]


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    made = Turns(LONG, at_once=3, of_one=2)
    monkeypatch.setattr(long_bodies, "ALL", (made,))
    return made


def test_who_sends_too_many_long_bodies_at_once_is_told_to_come_again(
    site: Site, turns: Turns
) -> None:
    alice, bob = make_user("alice"), make_user("bob")
    for _ in range(turns.of_one):
        turns.take(alice.id)
    assert send(site.member(alice), LONG + 1) == 503
    assert send(site.member(alice), LONG - 100) == 400  # read, and found without a token
    assert send(site.member(bob), LONG + 1) == 400
    assert send(site.visitor(), 100) == 400


def test_a_turn_ends_with_its_request(site: Site, turns: Turns) -> None:
    browser = site.member(make_user())
    assert [send(browser, LONG + 1) for _ in range(5)] == [400] * 5
    assert [turns.take(ALICE) for _ in range(2)] == [True, True]


def test_files_of_forms_do_not_lie_in_the_memory_of_the_server(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    body = b"x" * (SMALL + 1)
    sent = EnvironBuilder(method="POST", data={"one": (io.BytesIO(body), "a")}).get_environ()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with site.app.request_context(sent):
        request.max_content_length = 2 * SMALL
        assert request.files["one"].read() == body
    sent["wsgi.input"].close()
