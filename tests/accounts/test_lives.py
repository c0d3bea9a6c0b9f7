"""Lives of members at random: numbers, places and e-mails add up in whichever order."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from audiospective import clock
from audiospective.accounts import (
    address,
    address_proof,
    attachment,
    connection,
    deletion,
    erasure,
    identity,
    invitations,
    seats,
    sessions,
    sign_in_link,
    sign_up,
    spotify_app,
    waitlist,
    waitlist_standing,
)
from audiospective.accounts.outcomes import Joined, Visit
from audiospective.clients.deadline import Deadline
from audiospective.clients.spotify import Profile, Tokens
from audiospective.models import Connection, User
from audiospective.models.address_proofs import AddressProof
from audiospective.models.founding import FoundingRegister
from audiospective.models.notices import Notice
from audiospective.models.sessions import Session
from audiospective.models.sign_in_links import SignInLink
from audiospective.models.waitlist import WaitlistEntry
from audiospective.notices import delivery, kind, mail_tokens, owing, signed_links
from audiospective.operations import health
from audiospective.policy.failures import Failure
from audiospective.policy.sessions import EMAIL
from audiospective.services import Services
from tests.support.clocks import Frozen
from tests.support.post_office import PostOffice

PEOPLE = ("alice", "bob", "charlie", "dora", "emil")
ADDRESSES = tuple(f"{name}@mail.example" for name in PEOPLE[:4])  # fewer than people: some share
CAP, SEATS = 4, 5
STEPS = 70
TOKENS = Tokens("access", 3600, "refresh", "user-read-recently-played")


class World:
    """A few people, their browsers and their mail; what they do is drawn by `chance`."""

    def __init__(self, services: Services, office: PostOffice, frozen: Frozen, seed: int) -> None:
        settings = replace(services.settings, founding_member_cap=CAP, spotify_seats=SEATS)
        self.services = replace(services, settings=settings)
        self.office, self.frozen, self.chance = office, frozen, random.Random(seed)
        self.numbers: dict[int, int] = {}  # founding number: the member it was given to
        self.seen = 0
        spotify_app.environment_app(self.services)

    def one(self) -> User | None:
        return self.chance.choice(list(User.select()) or [None])

    def session(self, user: User) -> Session:
        found = sessions.find(sessions.begin(user, EMAIL, "browser"))
        assert found is not None
        return found

    def join(self) -> None:
        name = self.chance.choice(PEOPLE)
        entry = self.chance.choice([None, *WaitlistEntry.select()])
        visit = Visit(entry=entry.id if entry else None, renews=self.chance.random() < 0.5)
        sign_up.join(self.services, Profile(f"account-{name}", name, name.title()), TOKENS, visit)

    def attach(self) -> None:
        user, name = self.one(), self.chance.choice(PEOPLE)
        if user is None:
            return
        profile = Profile(f"account-{name}", name, name.title())
        other = identity.known(profile)
        found = sign_up.join(
            self.services, profile, TOKENS, Visit(signed_in=user.id, attaches=True, renews=True)
        )
        if other is not None and other.id != user.id:
            assert not isinstance(found, Joined)

    def take_away(self) -> None:
        user = self.one()
        if user is not None and user.spotify_account_id and user.email_verified_at:
            mark = attachment._mark(user.spotify_account_id)
            token = signed_links.sign(self.services.settings, signed_links.DETACH, user.id, mark)
            assert attachment.undo(self.services, token)

    def prove(self) -> None:
        user = self.one()
        if user is None:
            return
        session, email = self.session(user), self.chance.choice(ADDRESSES)
        if not address.propose(self.services, user, session, email):
            return
        token = mail_tokens.new_token()
        AddressProof.update(token_hash=mail_tokens.digest(token)).where(
            AddressProof.session == session.id
        ).execute()
        address_proof.prove(self.services, token, session)

    def bounce(self) -> None:
        user = self.one()
        if user is not None:
            User.update(email_verified_at=None).where(User.id == user.id).execute()

    def unsubscribe(self) -> None:
        user = self.one()
        if user is not None:
            kind.switch(user.id, "archive_stopped", on=self.chance.random() < 0.5)

    def ask_for_link(self) -> None:
        email = self.chance.choice(ADDRESSES)
        sign_in_link.send(self.services, email, "")
        if self.chance.random() < 0.3 and (row := SignInLink.select().first()):
            sign_in_link.use(row)

    def pause(self) -> None:
        if (user := self.one()) is not None:
            connection.pause(user.id)

    def resume(self) -> None:
        if (user := self.one()) is not None:
            connection.resume(self.services, user.id)

    def disconnect(self) -> None:
        if (user := self.one()) is not None:
            connection.disconnect(user.id)

    def sign_out_everywhere(self) -> None:
        if (user := self.one()) is not None:
            sessions.end_all(user)

    def be_refused(self) -> None:
        """Spotify takes a consent back, and has said so for hours."""
        if (user := self.one()) is not None:
            Connection.update(
                consecutive_failures=3,
                last_failure_type=Failure.AUTH.value,
                last_failed_at=clock.now(),
                circuit_open_until=clock.now(),
            ).where((Connection.user == user.id) & (Connection.status == "active")).execute()

    def leave(self) -> None:
        if (user := self.one()) is not None and self.chance.random() < 0.5:
            if self.chance.random() < 0.5:
                deletion.schedule(self.services, user)
            else:
                deletion.at_once(self.services, user)

    def stay(self) -> None:
        if (user := self.one()) is not None:
            deletion.keep(user)

    def wait_in_line(self) -> None:
        waitlist.request(self.services, self.chance.choice(ADDRESSES))
        if self.chance.random() < 0.7:
            entry = self.chance.choice(list(WaitlistEntry.select()))
            waitlist_standing.confirm(self.services, entry)

    def leave_the_line(self) -> None:
        if WaitlistEntry.select().exists():
            waitlist.remove(self.chance.choice(list(WaitlistEntry.select())))

    def invite(self) -> None:
        invitations.invite(self.services, 1)

    def time_goes_by(self) -> None:
        hours = self.chance.choice([1, 20, 50, 24 * 8, 24 * 95])
        self.frozen.forward(hours=hours)

    def mail_goes_out(self) -> None:
        self.frozen.forward(seconds=1)
        erasure.carry_out(self.services, Deadline(60))
        owing.owe(self.services)
        delivery.drain(self.services, wait=lambda _: None)


ACTS = [
    World.join, World.join, World.attach, World.attach, World.take_away, World.prove, World.prove,
    World.bounce, World.unsubscribe, World.ask_for_link, World.pause, World.resume,
    World.disconnect, World.sign_out_everywhere, World.be_refused, World.be_refused, World.leave,
    World.stay, World.wait_in_line, World.leave_the_line, World.invite, World.time_goes_by,
    World.time_goes_by, World.mail_goes_out, World.mail_goes_out, World.mail_goes_out,
]  # fmt: skip


def look(world: World) -> None:
    """What holds at every moment."""
    given = FoundingRegister.taken()
    for user in User.select().where(User.founding_number.is_null(False)):
        assert world.numbers.setdefault(user.founding_number, user.id) == user.id
    assert len(set(world.numbers.values())) == len(world.numbers)  # nobody has had two
    assert sorted(world.numbers) == list(range(1, given + 1))  # none twice, none lost
    assert given <= CAP
    places = seats.places(world.services)
    assert places.taken + places.held <= CAP
    accounts = [u.spotify_account_id for u in User.select() if u.spotify_account_id]
    assert len(accounts) == len(set(accounts))
    for user in User.select():
        state = health.state(world.services, user.id)
        reached = kind.address(user, "archive_stopped") is not None
        if state.traits.checks:
            assert (state.silent is None) == reached


def look_at_mail(world: World) -> None:
    """What was sent went to whom it is about, and no more of it than may."""
    assert {to for to, _ in world.office.asked} <= set(ADDRESSES)
    rows = list(Notice.select().where(Notice.sent_at.is_null(False)))
    stopped = Counter((n.user_id, n.about) for n in rows if n.kind == "archive_stopped")
    assert all(count <= 3 for count in stopped.values())
    welcomed = Counter(n.user_id for n in rows if n.kind == "welcome")
    assert all(count == 1 for count in welcomed.values())
    now = [n for n in rows if n.sent_at == clock.now()]
    for notice in now:
        found = kind.find(notice.kind)
        assert found is not None
        if found.audience is kind.Audience.MEMBER and not found.security:
            owner = User.get_by_id(notice.user_id)
            assert owner.email == notice.recipient
            assert owner.email_verified_at is not None
        if notice.kind == "waitlist_invite":
            entry = WaitlistEntry.get(WaitlistEntry.email == notice.recipient)
            assert entry.user_id is None


@pytest.fixture
def database_url(sqlite_database_url: str) -> str:
    """What differs between databases is tested beside each action."""
    return sqlite_database_url


@pytest.mark.parametrize("seed", range(2))
def test_numbers_places_and_emails_add_up_whatever_happens_in_which_order(
    posted: Services, office: PostOffice, frozen: Frozen, seed: int
) -> None:
    world = World(posted, office, frozen, seed)
    for _ in range(STEPS):
        act = world.chance.choice(ACTS)
        act(world)
        look(world)
        if act is World.mail_goes_out:
            look_at_mail(world)
    assert world.numbers
