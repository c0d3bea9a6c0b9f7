"""What a server got of a member's plays, next to what it should have: each once, none left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from audiospective import clock
from audiospective.clients.deadline import Deadline
from audiospective.clients.listen_server import BusyError
from audiospective.exports import forwarding, forwarding_round
from audiospective.models import User
from audiospective.models.forwards import Forward
from audiospective.policy.forwarding import SETTLED, WINDOW
from audiospective.policy.timing import SECOND
from audiospective.services import Services
from tests.imports.invented_listening import Heard

ROOT = "https://lb.example"
Listen = tuple[int, str]  # when it began (s) and its title, by which a server knows it again


@dataclass
class Server:
    """Takes each listen once, unless it is away."""

    listens: dict[Listen, Mapping[str, Any]] = field(default_factory=dict)
    away: bool = False

    def name(self) -> str:
        return "alice_lb"

    def submit(self, sent: Sequence[Mapping[str, Any]]) -> None:
        if self.away:
            raise BusyError(timedelta(minutes=3))
        for one in sent:
            self.listens[one["listened_at"], one["track_metadata"]["track_name"]] = one


@dataclass
class Forwarding:
    """Of one account; plays are told by their place in what was heard."""

    server: Server = field(default_factory=Server)
    since: int = 0
    players: bool = False
    failing_since: int | None = None
    owed: set[int] = field(default_factory=set)  # these have to be there
    may: set[int] = field(default_factory=set)  # and these may be

    def begin(self, services: Services, user: User, chance: Random) -> None:
        self.players = chance.random() < 0.5
        forwarding.save(services, user, ROOT, "token", players=self.players)
        self.since = clock.to_ms(clock.now())

    def round(self, services: Services, user: User) -> None:
        now = clock.now()
        if self.server.away and self.failing_since is None:
            self.failing_since = clock.to_ms(now)
        Forward.update(next_at=now).where(Forward.user == user.id).execute()
        forwarding_round.carry_out(services, Deadline(forwarding.SECONDS))
        row = forwarding.of(user.id)
        assert row is not None
        assert (row.error, row.failures, row.rejected) == (None, 0, 0), row.error
        assert row.next_at > now, "it was not its turn"

    def note(self, heard: Sequence[Heard], told: Mapping[int, Collection[str]],
             unsure: Collection[int]) -> None:  # fmt: skip
        """After a round: `told` are the plays that are there, and who told of each."""
        now = clock.to_ms(clock.now())
        start = max(self.since, (self.failing_since or now) - WINDOW) + SECOND
        for number, by in told.items():
            ended = heard[number].ended
            polled = "poll" in by or number in unsure
            sent = self.players and "live" in by
            if polled or sent:
                self.may.add(number)
            settled = heard[number].began >= start and ended <= now - SETTLED
            if number in unsure or self.server.away:
                continue
            if ("poll" in by and ended >= start) or (sent and settled):
                self.owed.add(number)
        if not self.server.away:
            self.failing_since = None

    def check(self, heard: Sequence[Heard]) -> None:
        listens = sorted(self.server.listens)
        for title in {title for _, title in listens} | {_title(heard[n]) for n in self.owed}:
            mine = [at * SECOND for at, named in listens if named == title]
            may = sorted(n for n in self.may if _title(heard[n]) == title)
            owed = [n for n in may if n in self.owed]
            found = _paired(mine, [heard[n] for n in may])
            twice = [at for place, at in enumerate(mine) if place not in found]
            assert not twice, f"{title} was sent twice, or never was: {twice}; there are {mine}"
            back = _paired([heard[n] for n in owed], mine)
            lost = [heard[n] for place, n in enumerate(owed) if place not in back]
            assert not lost, f"{title} was not sent: {lost}; there are {mine}"


def _title(one: Heard) -> str:
    return f"Song {one.song}"


def _is(one: Heard, at: int) -> bool:
    """Of a polled play nobody knows how much of it was heard."""
    return one.ended - one.length - 2 * SECOND <= at <= one.ended + 61 * SECOND


def _paired(some: Sequence[Any], others: Sequence[Any]) -> dict[int, int]:
    """As many pairs as there can be, by the place of each of `some`."""
    of_other: dict[int, int] = {}

    def may(one: Any, other: Any) -> bool:
        return _is(other, one) if isinstance(one, int) else _is(one, other)

    def find(place: int, tried: set[int]) -> bool:
        for number, other in enumerate(others):
            if number not in tried and may(some[place], other):
                tried.add(number)
                if number not in of_other or find(of_other[number], tried):
                    of_other[number] = place
                    return True
        return False

    for place in range(len(some)):
        find(place, set())
    return {place: number for number, place in of_other.items()}
