"""Time goes by: polls are made when they are due, and maintenance runs in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from audiospective import clock
from audiospective.models import Connection, User
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.operations import maintenance
from audiospective.policy.plays import PolledPlay
from audiospective.polling import batch, plan
from audiospective.services import Services
from tests.factories import listening, make_connection, make_user, page
from tests.fakes import FakeSpotify
from tests.support.clocks import Frozen
from tests.support.post_office import PostOffice

MAINTENANCE = timedelta(minutes=20)


@dataclass
class Life:
    """One installation under a clock that moves only here."""

    services: Services
    spotify: FakeSpotify
    frozen: Frozen
    office: PostOffice
    flush: Callable[[], bool] = lambda: False  # whether Redis forgets everything at this step
    played: dict[int, list[PolledPlay]] = field(default_factory=dict)

    def person(self, name: str = "alice", plays: int = 5, **values: object) -> Connection:
        """A new member whose address is proven and whose connection works."""
        user = make_user(
            name, email=f"{name}@mail.example", email_verified_at=clock.now(), timezone="UTC"
        )
        connection = make_connection(
            self.services, user, **{"authorized_at": clock.now(), **values}
        )
        self.plays(connection, plays)
        return connection

    def plays(self, connection: Connection, count: int, minutes: float = 3) -> None:
        """So many more plays, the last one ended now; Spotify shows the newest fifty of all."""
        user_id = connection.user_id
        new = listening(clock.now(), count, minutes=minutes, prefix=f"{user_id}:").plays
        every = {play.played_at: play for play in (*self.played.get(user_id, ()), *new)}
        self.played[user_id] = [every[at] for at in sorted(every)[-50:]]
        self.spotify.pages[f"access-{user_id}"] = page(*self.played[user_id])

    def breaks(self, connection: Connection, error: BaseException) -> None:
        """From now on every call for this person fails like this."""
        user_id = connection.user_id
        self.spotify.refreshes[f"refresh-{user_id}"] = error
        self.spotify.pages[f"access-{user_id}"] = error

    def heals(self, connection: Connection, count: int = 1) -> None:
        """Spotify accepts this person's tokens again."""
        self.spotify.refreshes.pop(f"refresh-{connection.user_id}", None)
        self.plays(connection, count)

    def reconnect(self, connection: Connection, count: int = 5) -> None:
        """The person gives a new consent, as the callback writes it."""
        self.heals(connection, count)
        now, user_id, encrypt = clock.now(), connection.user_id, self.services.vault.encrypt
        Connection.update(
            status="active",
            access_encrypted=encrypt(ACCESS_PLACE, user_id, f"access-{user_id}"),
            refresh_encrypted=encrypt(REFRESH_PLACE, user_id, f"refresh-{user_id}"),
            access_expires_at=now + timedelta(hours=1),
            authorized_at=now,
            reauth_due_at=now + timedelta(days=182),
            next_poll_at=now,
            circuit_open_until=clock.EPOCH,
            consecutive_failures=0,
            last_failure_type=None,
        ).where(Connection.user == user_id).execute()

    def step(self) -> None:
        """Whatever is due now is polled; then maintenance."""
        if self.flush():
            self.services.redis.flushall()
        now = clock.now()
        due = [one.user_id for one in plan.due(now, now)]
        slot = plan.current_slot(self.services, now)
        if due:
            batch.archive(self.services, due, slot.start, now)
        maintenance.maintain(self.services, wait=lambda seconds: None)

    def passes(self, every: timedelta = MAINTENANCE, **amount: float) -> None:
        """Let time go by in steps of twenty minutes, or whatever is said."""
        end = clock.now() + timedelta(**amount)
        while clock.now() < end:
            self.frozen.to(min(end, clock.now() + every))
            self.step()

    def emails(self, name: str = "alice") -> list[str]:
        """Subjects of what this person got, in order."""
        return self.office.subjects(f"{name}@mail.example")

    def row(self, connection: Connection) -> Connection:
        found: Connection = Connection.get_by_id(connection.user_id)
        return found

    def user(self, connection: Connection) -> User:
        found: User = User.get_by_id(connection.user_id)
        return found
