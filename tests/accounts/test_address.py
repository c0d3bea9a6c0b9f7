"""An address and the link that proves it; on both databases."""

from __future__ import annotations

from audiospective.accounts import address, address_proof, sessions
from audiospective.accounts.address_proof import Proof
from audiospective.models import User
from audiospective.models.notices import FAILED, SENT, Notice
from audiospective.models.sessions import Session
from audiospective.notices import compose
from audiospective.policy.sessions import EMAIL
from audiospective.services import Services
from tests.factories import make_user


def session_of(user: User) -> Session:
    found = sessions.find(sessions.begin(user, EMAIL, "Test browser"))
    assert found is not None
    return found


def latest_token(services: Services) -> str:
    return str(compose.opened(services, Notice.select().order_by(Notice.id.desc()).get())["token"])


def test_an_address_is_proven_by_its_own_link_once_and_in_its_session(services, frozen):
    alice, bob = make_user("alice"), make_user("bob")
    hers, another, his = session_of(alice), session_of(alice), session_of(bob)
    address.propose(services, alice, hers, "alice@mail.example")
    token = latest_token(services)
    assert address_proof.examine(token, hers)[0] is Proof.GOOD
    assert User.get_by_id(alice.id).email is None  # looking proves nothing
    for strange in ("", "x", token + "x", token[:-3]):
        assert address_proof.prove(services, strange, hers) is Proof.UNKNOWN
    for session in (None, another, his):
        assert address_proof.prove(services, token, session) is Proof.ELSEWHERE
    assert address_proof.prove(services, token, hers) is Proof.GOOD
    row = User.get_by_id(alice.id)
    assert (row.email, row.email_verified_at) == ("alice@mail.example", frozen.now)
    assert User.get_by_id(bob.id).email_verified_at is None
    assert address_proof.prove(services, token, hers) is Proof.UNKNOWN


def test_a_link_for_an_address_that_was_replaced_or_a_link_too_old_proves_nothing(services, frozen):
    alice = make_user("alice")
    hers = session_of(alice)
    address.propose(services, alice, hers, "old@mail.example")
    old = latest_token(services)
    address.propose(services, alice, hers, "new@mail.example")
    new = latest_token(services)
    assert address_proof.prove(services, old, hers) is Proof.UNKNOWN
    frozen.forward(days=4)
    assert address_proof.prove(services, new, hers) is Proof.EXPIRED
    assert User.get_by_id(alice.id).email is None


def test_an_address_that_is_theirs_already_needs_no_proof(services, frozen):
    alice = make_user("alice", email="alice@mail.example", email_verified_at=frozen.now)
    assert not address.propose(services, alice, session_of(alice), "alice@mail.example")
    assert Notice.select().count() == 0


def test_the_welcome_comes_once_whatever_the_address_becomes(services, frozen):
    alice = make_user("alice")
    hers = session_of(alice)

    def prove(email):
        address.propose(services, User.get_by_id(alice.id), hers, email)
        assert address_proof.prove(services, latest_token(services), hers) is Proof.GOOD

    def welcomed():
        rows = Notice.select().where(Notice.kind == "welcome").order_by(Notice.id)
        return [row.recipient for row in rows]

    prove("mistyped@mail.example")
    Notice.update(status=FAILED).where(Notice.kind == "welcome").execute()  # refused
    prove("one@mail.example")
    assert welcomed() == ["mistyped@mail.example", "one@mail.example"]
    Notice.update(status=SENT).where(Notice.recipient == "one@mail.example").execute()
    prove("two@mail.example")
    Notice.delete().where(Notice.kind == "welcome").execute()  # after more than half a year
    prove("three@mail.example")
    assert welcomed() == []


def test_an_address_that_is_proven_in_two_browsers_is_no_change_of_address(services, frozen):
    alice = make_user("alice")
    sessions_of_hers = [session_of(alice), session_of(alice)]
    tokens = []
    for session in sessions_of_hers:
        address.propose(services, alice, session, "alice@mail.example")
        tokens.append(latest_token(services))
    for token, session in zip(tokens, sessions_of_hers, strict=True):
        assert address_proof.prove(services, token, session) is Proof.GOOD
    kinds = [row.kind for row in Notice.select().order_by(Notice.id)]
    assert kinds == ["verify_address", "verify_address", "welcome"]
