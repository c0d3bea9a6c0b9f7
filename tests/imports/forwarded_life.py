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
from audiospective.policy.timing import MINUTE, SECOND
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
        fine = row.error is None and row.failures == 0
        assert fine or (self.server.away and row.error == forwarding.BUSY), row.error
        assert row.rejected == 0
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

    def check(self, heard: Sequence[Heard], cut: Collection[int]) -> None:
        """`cut` are plays of which a file told to the minute when they ended."""
        listens = sorted(self.server.listens)
        for title in {title for _, title in listens} | {_title(heard[n]) for n in self.owed}:
            mine = [at * SECOND for at, named in listens if named == title]
            may = sorted(n for n in self.may if _title(heard[n]) == title)
            fits = {(at, n) for at in mine for n in may if _is(heard[n], at, cut=n in cut)}
            found = _paired(mine, may, fits)
            twice = [at for at in mine if at not in found]
            assert not twice, f"{title} was sent twice, or never was: {twice}; there are {mine}"
            owed = [n for n in may if n in self.owed]
            back = _paired(owed, mine, {(n, at) for at, n in fits})
            lost = [heard[n] for n in owed if n not in back]
            assert not lost, f"{title} was not sent: {lost}; there are {mine}"


def _title(one: Heard) -> str:
    return f"Song {one.song}"


def _is(one: Heard, at: int, *, cut: bool) -> bool:
    """Whether a listen may tell of it: it begins when it began, or of a polled play, of which
    nobody knows how much was heard, a whole length before its end. Whole seconds count down, and so
    does an end that was `cut` to the minute.
    """
    early = 2 * SECOND + MINUTE * cut
    return any(-early <= at - began <= SECOND for began in (one.began, one.ended - one.length))


def _paired(
    some: Sequence[int], others: Sequence[int], fits: Collection[tuple[int, int]]
) -> set[int]:
    """Those of `some` that have one of `others` each: as many as there can be."""
    of_other: dict[int, int] = {}

    def find(one: int, tried: set[int]) -> bool:
        for other in others:
            if other not in tried and (one, other) in fits:
                tried.add(other)
                if other not in of_other or find(of_other[other], tried):
                    of_other[other] = one
                    return True
        return False

    for one in some:
        find(one, set())
    return {*of_other.values()}
