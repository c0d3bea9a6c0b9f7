"""What must hold some time after the last fault: everybody polled, nothing held or owed."""

from __future__ import annotations

from collections.abc import Iterator

from audiospective import clock
from audiospective.models import Connection
from audiospective.models.claims import POLLED
from audiospective.models.marks import Mark
from audiospective.models.notices import SENDING, SENT, WAITING, Notice
from audiospective.notices import delivery
from audiospective.operations import health
from audiospective.policy.health import HealthStatus
from audiospective.simulation import member_files
from audiospective.simulation.instance import Instance
from audiospective.simulation.members import Member
from audiospective.simulation.spotify_side import SpotifySide
from audiospective.simulation.timeline import HOUR, MINUTE

INTERVALS = 3
ROUNDS = 3 * HOUR  # in which maintenance comes round thrice
TOLD = ("archive_stopped", "no_success")


def not_polled(members: list[Member], now: int, *, since: int, interval: int) -> Iterator[str]:
    """Who was not polled within three intervals after the last fault, though nothing is waited for.

    `since` is when the faults ended, `interval` the longest time between polls, both in ms.
    """
    by_id = {member.user_id: member for member in members}
    for row in Connection.select().where(Connection.status.in_(POLLED)):
        waits = (row.circuit_open_until, row.app.blocked_until)
        begins = max(since, *(clock.to_ms(at) for at in waits if clock.to_ms(at) < now), 0)
        if any(clock.to_ms(at) > now for at in waits) or now - begins < INTERVALS * interval:
            continue
        polled = row.last_polled_at
        if polled is None or clock.to_ms(polled) < begins:
            yield f"member {row.user_id} is due and was not polled"
        elif (
            clock.to_ms(row.last_success_at or clock.EPOCH) < begins
            and by_id[row.user_id].refused_since is None
            and row.last_failure_type is None
            and not row.empty_pages  # its answers hold nothing that can be used
        ):
            yield f"member {row.user_id} is polled without success"


def held_claims(now: int) -> Iterator[str]:
    """Claims whose lease ran out long ago; `now` by our clock, in ms."""
    for row in Connection.select().where(Connection.lease_until > clock.EPOCH):
        if clock.to_ms(row.lease_until) + 20 * MINUTE < now:
            yield f"the claim of member {row.user_id} was never given back"


def unsent_emails(now: int) -> Iterator[str]:
    """E-mails that should have gone and still wait."""
    paused = Mark.at_of(delivery.PAUSE)
    if paused is not None and clock.to_ms(paused) > now - ROUNDS:
        return
    late = clock.from_ms(now - ROUNDS)
    waiting = Notice.status.in_((*WAITING, SENDING)) & (Notice.next_attempt_at < late)
    for notice in Notice.select().where(waiting):
        yield f"an e-mail ({notice.kind}) waits since {notice.created_at}"


def unfinished_imports(instance: Instance, members: list[Member]) -> Iterator[str]:
    """Imports that no worker went on with, though nothing is in the way any more."""
    late = clock.from_ms(instance.timeline.ms - ROUNDS)
    for member in members:
        yield from member_files.unfinished(instance, member, late)


def not_told(members: list[Member], now: int, since: int) -> Iterator[str]:
    """Whose archive stands still for more than a day, and who was not written to."""
    for member in members:
        if member.stopped or member.refused_since is None:
            continue
        if now - max(member.refused_since, since) < 28 * HOUR:
            continue
        about = (Notice.user == member.user_id) & Notice.kind.in_(TOLD) & (Notice.status == SENT)
        if (
            not Notice.select()
            .where(about & (Notice.created_at > clock.from_ms(member.refused_since)))
            .exists()
        ):
            yield f"member {member.user_id} is refused since {member.refused_since} and not told"


def wrong_dashboards(
    instance: Instance, members: list[Member], sides: dict[int, SpotifySide]
) -> Iterator[str]:
    """What the dashboard says, against what is."""
    now = instance.timeline.ms
    for member in members:
        state = health.state(instance.services, member.user_id)
        name = f"member {member.user_id}: the dashboard"
        plays = len(sides[member.user_id].archived | member_files.counts(member))
        if state.plays != plays:
            yield f"{name} says {state.plays} plays, {plays} are there"
        if state.status is HealthStatus.UP_TO_DATE:
            last = sides[member.user_id].last
            if last is None or now - last.at > 7 * HOUR:
                yield f"{name} says that all is saved, the last page came at {last and last.at}"
        if member.stopped == "paused" and state.status is not HealthStatus.PAUSED:
            yield f"{name} says {state.status} of a paused archive"
        if member.stopped == "disconnected" and state.status is not HealthStatus.DISCONNECTED:
            yield f"{name} says {state.status} of an archive that is disconnected"
