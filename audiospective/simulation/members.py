"""Members of a simulated instance: who they are, here and at Spotify, and what they can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from audiospective import clock
from audiospective.accounts import checks, connection, sign_up
from audiospective.accounts.outcomes import Visit
from audiospective.clients.spotify import Profile, Tokens
from audiospective.models import Connection, User
from audiospective.models.connections import REFRESH_PLACE
from audiospective.sandbox.grants import Grant
from audiospective.simulation.instance import Instance
from audiospective.simulation.spotify_side import Key

HABITS = ("steady", "commuter", "night", "loop", "radio", "seldom", "steady", "commuter")
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Auckland")


@dataclass
class Member:
    """`consented_at`: true milliseconds of the latest consent; `refused_since` of its end.

    `first_consented_at` is of the very first one.
    """

    number: int
    listener: str
    user_id: int
    consented_at: int
    chance: Random
    refused_since: int | None = None
    stopped: str = ""  # paused or disconnected by themselves
    unsure: bool = False  # whether they do not know what came of the last thing they did
    first_consented_at: int = field(init=False)
    touched_at: int = 0  # when they last did something that makes a poll due
    poisoned: bool = False  # storing their plays fails
    kills: bool = False  # asking for them kills the process
    import_id: int | None = None
    imported: set[Key] = field(default_factory=set)  # what their file adds, while it counts
    file: bytes = b""
    file_is_whole: bool = False
    polled: set[Key] = field(default_factory=set)  # what polls brought

    def __post_init__(self) -> None:
        self.first_consented_at = self.consented_at

    @property
    def address(self) -> str:
        return f"member{self.number}@mail.example"


@dataclass
class Newcomer:
    """Somebody who listens at Spotify and comes here; `consented_at`: true ms of the latest try."""

    number: int
    listener: str
    chance: Random
    keeps_to_one_minute: bool
    account_id: str = ""
    consented_at: int = 0


def newcomer(instance: Instance, seed: int, number: int, habit: str | None = None) -> Newcomer:
    """Somebody new, met by the sandbox. They have `habit`, or any."""
    chance = Random(f"member/{seed}/{number}")
    any_habit = chance.choice(HABITS)
    made = instance.control.make_listener(
        f"member{number}",
        habit=habit or any_habit,
        zone=chance.choice(ZONES),
        display_name=f"Member {number}",
    )
    return Newcomer(number, made["id"], chance, habit is not None)


def come(instance: Instance, who: Newcomer) -> None:
    """They consent and sign up; `arrived` says what came of it, whatever answer they got."""
    profile, tokens = _consent(instance, who.listener)
    who.account_id, who.consented_at = str(profile.account_id), instance.timeline.ms
    sign_up.join(instance.services, profile, tokens, Visit())


def arrived(who: Newcomer) -> Member | None:
    """The newcomer as a member with a proven address, or None if there is no archive of theirs."""
    user, chance = User.get_or_none(User.spotify_account_id == who.account_id), who.chance
    if user is None:
        return None
    member = Member(who.number, who.listener, user.id, who.consented_at, chance)
    User.update(
        # Not all over the hour: few members make few batches, each of them a whole one.
        minute_offset=(
            5 if who.keeps_to_one_minute else chance.randrange(10) + chance.choice((0, 0, 30))
        ),
        email=member.address,
        email_verified_at=clock.now(),
        is_operator=who.number == 0,
        tier="pro" if chance.random() < 0.2 else "free",
    ).where(User.id == user.id).execute()
    return member


def join(instance: Instance, seed: int, number: int, habit: str | None = None) -> Member:
    """A newcomer who signs up at once, without any fault."""
    who = newcomer(instance, seed, number, habit)
    come(instance, who)
    member = arrived(who)
    assert member is not None
    return member


def reconnect(instance: Instance, member: Member) -> None:
    """A new consent, as after the button in an e-mail or on the dashboard."""
    profile, tokens = _consent(instance, member.listener)
    visit = Visit(renews=True, signed_in=member.user_id)
    member.unsure = True
    sign_up.join(instance.services, profile, tokens, visit)
    member.unsure = False
    member.refused_since, member.stopped = None, ""
    member.consented_at = member.touched_at = instance.timeline.ms


def revoke(instance: Instance, member: Member) -> None:
    """They remove the app at Spotify's."""
    instance.control.revoke(member.listener)
    if member.refused_since is None:
        member.refused_since = instance.timeline.ms


def pause(_instance: Instance, member: Member) -> None:
    member.unsure = True
    if connection.pause(member.user_id):
        member.stopped = "paused"
    member.unsure = False


def resume(instance: Instance, member: Member) -> None:
    member.touched_at = instance.timeline.ms
    member.unsure = True
    if connection.resume(instance.services, member.user_id):
        member.stopped = ""
    member.unsure = False


def disconnect(_instance: Instance, member: Member) -> None:
    member.unsure = True
    if connection.disconnect(member.user_id):
        member.stopped = "disconnected"
    member.unsure = False


def learn_outcome(instance: Instance, member: Member) -> None:
    """They see what came of something whose answer they never got: it was done, or it was not."""
    if not member.unsure:
        return
    status, member.unsure = row(member).status, False
    member.stopped = status if status in ("paused", "disconnected") else ""
    if holds_a_living_token(instance, member):
        member.refused_since = None


def check_now(instance: Instance, member: Member) -> None:
    member.touched_at = instance.timeline.ms
    checks.check_now(instance.services, member.user_id)


def holds_a_living_token(instance: Instance, member: Member) -> bool:
    """Whether Spotify would take the refresh token that is stored here."""
    grant = stored_grant(instance, member)
    return grant is not None and grant.revoked_ms is None and instance.timeline.ms < grant.ends_ms()


def stored_grant(instance: Instance, member: Member) -> Grant | None:
    """What the refresh token that is stored here stands for; None where another replaced it."""
    encrypted = row(member).refresh_encrypted
    if not encrypted:
        return None
    token = instance.services.vault.decrypt(REFRESH_PLACE, member.user_id, encrypted)
    grant = instance.world.grants.find_refresh(token)
    return grant if grant is not None and grant.refresh_token == token else None


def row(member: Member) -> Connection:
    found: Connection = Connection.get_by_id(member.user_id)
    return found


def _consent(instance: Instance, listener: str) -> tuple[Profile, Tokens]:
    found: dict[str, Any] = instance.control.mint(
        listener, rotation=instance.chance.choice(("never", "never", "sometimes", "always"))
    )
    return (
        Profile(found["account_id"], found["id"], found["display_name"]),
        Tokens(found["access_token"], 3600, found["refresh_token"], found["scope"]),
    )
