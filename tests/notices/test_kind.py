"""Every kind of e-mail is whole: its module, its templates, its examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiospective.models import User
from audiospective.notices import compose, kind, kinds
from audiospective.notices.kind import Audience, Choice
from tests.factories import make_user

NAMES = sorted(kind.names())
HERE = Path(__file__).parent
PARTS = {"subject.txt", "body.txt", "body.html"}


@pytest.mark.parametrize("name", NAMES)
def test_a_kind_is_stored_as_its_module_is_named_and_has_templates_and_a_test(name):
    found = kind.find(name)
    assert found is not None
    assert found.name == name
    folder = compose.TEMPLATES / "emails" / name
    assert {path.name for path in folder.iterdir()} >= PARTS
    assert (HERE / "kinds" / f"test_{name}.py").is_file()


def test_no_folder_of_templates_is_without_its_kind():
    folders = {path.name for path in (compose.TEMPLATES / "emails").iterdir() if path.is_dir()}
    assert folders == set(NAMES)
    modules = {path.stem for path in Path(kinds.__path__[0]).glob("*.py")} - {"__init__"}
    assert modules == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_email_but_those_about_security_can_be_switched_off(name):
    found = kind.find(name)
    assert found is not None
    if found.audience is Audience.MEMBER and not found.security:
        assert found.opt_out
    else:
        assert found.opt_out is None  # leaving the waitlist, or nothing, is the way out
        assert found.choice is None
        assert not found.warning
    if found.audience is Audience.ADDRESS:
        assert found.security  # it goes to an address that nobody has proven


def test_security_emails_are_these_alone():
    assert {one.name for one in kind.everything() if one.security} == {
        "verify_address",
        "sign_in_link",
        "address_changed",
        "spotify_attached",
        "test_email",
        "deletion_scheduled",
        "account_deleted",
    }


@pytest.mark.parametrize("choice", list(Choice))
def test_every_box_that_a_member_ticks_stands_for_some_kind(choice):
    assert [one for one in kind.everything() if one.choice is choice]


def test_a_kind_of_another_release_is_none_of_ours():
    for name in ("from_the_future", "", "kinds", "__init__", "os"):
        assert kind.find(name) is None


@pytest.mark.parametrize("on", [True, False])
def test_switching_one_kind_leaves_those_of_a_newer_release_alone(database, on):
    stored = '{"mail_on": ["yearly_report"], "mail_off": ["news", "gap_found"]}'
    alice = make_user("alice", preferences=stored)
    for name in ("monthly_report", "gap_found"):
        assert kind.switch(alice.id, name, on=on)
    wishes = User.get_by_id(alice.id).wishes
    assert wishes["mail_on"] == (["monthly_report", "yearly_report"] if on else ["yearly_report"])
    assert wishes["mail_off"] == (["news"] if on else ["gap_found", "news"])


@pytest.mark.parametrize("name", [*kind.OPT_IN, "gap_found"])
def test_a_kind_that_a_bundle_brought_as_switched_off_can_be_switched_on(database, name):
    alice = make_user("alice", preferences=f'{{"mail_off": ["{name}"]}}')
    kind.switch(alice.id, name, on=True)
    assert name not in kind.switched_off(User.get_by_id(alice.id))
