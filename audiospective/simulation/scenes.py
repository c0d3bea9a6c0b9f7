"""Scenes: small worlds that hold one shape of trouble each, so that it is met within seconds.

Their members have no habits and do nothing else; in most there is one. A scene is laid out for
each of them, from the start of its days.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from audiospective.clients.queues import BULK
from audiospective.simulation import lasting_faults, member_acts, member_files
from audiospective.simulation.instance import Instance
from audiospective.simulation.members import Member
from audiospective.simulation.timeline import HOUR, MINUTE, SECOND

DAYS = 2
AFTER = 8 * HOUR  # after them: three polls and more
SHORTEST = 31 * SECOND  # Spotify lists what was heard for longer than thirty
SCENES: dict[str, Callable[[Random, int], member_acts.Schedule]] = {}
MEMBERS = {"everybody-refused": 12, "one-cannot-be-stored": 3}


def scene(
    make: Callable[[Random, int], member_acts.Schedule],
) -> Callable[[Random, int], member_acts.Schedule]:
    """Put a scene on the list, under its name."""
    SCENES[make.__name__.replace("_", "-")] = make
    return make


@scene
def late_overflow(chance: Random, start: int) -> member_acts.Schedule:
    """An offline phone delivers more than a page, all older than what a speaker played since."""
    at = start + 2 * HOUR
    yield at, "plays on a phone", _plays(range(0, 90 * MINUTE, 3 * MINUTE))
    yield at + 20 * HOUR, "plays on a speaker", _plays([0])
    span = range(-15 * HOUR, -13 * HOUR, MINUTE)
    yield at + 24 * HOUR, "delivers late plays", _plays(span, late=True)


@scene
def short_page(chance: Random, start: int) -> member_acts.Schedule:
    """Pages that lack some items, with known ones first and then with as many new ones."""
    for at in (start + 2 * HOUR, start + 26 * HOUR, start + 40 * HOUR):
        yield at, "plays much, some of it never shown", _many(130, shown=lambda n: n % 12)


@scene
def unreadable_page(chance: Random, start: int) -> member_acts.Schedule:
    """More than a page of items that fit no play, after one that is known."""
    yield start + 2 * HOUR, "plays", _plays([0])
    for at in (start + 26 * HOUR, start + 40 * HOUR):
        yield at, "plays local files", _local_files(130)


@scene
def known_file(chance: Random, start: int) -> member_acts.Schedule:
    """A local file that is the newest of one page and the oldest of the next full one."""
    at = start + 2 * HOUR
    yield at, "plays", _plays(range(0, 60 * MINUTE, 3 * MINUTE))
    yield at + 60 * MINUTE, "plays a local file", _local_files(1)
    yield (
        at + 20 * HOUR + 10 * MINUTE,
        "plays a page but one",
        _plays(range(0, 49 * 31, 31), unit=SECOND),
    )


@scene
def late_between(chance: Random, start: int) -> member_acts.Schedule:
    """A second device delivers late what it played all the time among plays of the first."""
    at = start + 2 * HOUR
    yield at, "plays on one device", _plays(range(0, 8 * HOUR, 10 * MINUTE))
    span = range(-13 * HOUR + 3 * MINUTE, -5 * HOUR, 10 * MINUTE)
    yield at + 13 * HOUR, "delivers late plays", _plays(span, late=True)


@scene
def no_worker_at_first(chance: Random, start: int) -> member_acts.Schedule:
    """Nobody asks until more than a page was played since the consent."""
    _, stop_work, work = lasting_faults.no_worker(chance)
    yield start, "no worker runs", lambda instance, _: stop_work(instance)
    yield start + MINUTE, "plays much", _many(130)
    yield start + 3 * HOUR, "a worker runs", lambda instance, _: work(instance)


@scene
def linked_tracks(chance: Random, start: int) -> member_acts.Schedule:
    """What was shown is shown again under the ids of other tracks."""
    yield start + 2 * HOUR, "plays", _plays(range(0, 60 * MINUTE, 3 * MINUTE))

    def relink(instance: Instance, member: Member) -> None:
        instance.control.fault("relinked", listener=member.listener, items=10)

    yield start + 20 * HOUR, "is shown other ids", relink
    yield start + 21 * HOUR, "plays", _plays([0])


@scene
def damaged_segment(chance: Random, start: int) -> member_acts.Schedule:
    """A year of plays loses one on its way into its segment."""
    yield start + HOUR, "segments lose a play", lambda i, _: setattr(i, "damages", 1)
    yield from _a_file(start)


@scene
def cut_object(chance: Random, start: int) -> member_acts.Schedule:
    """Storage keeps less of a closed year than it was given."""
    yield from _a_file(start)
    _, cut, _ = lasting_faults.cut(chance)
    yield start + 20 * HOUR, "storage keeps less", lambda instance, _: cut(instance)


@scene
def delivered_twice(_chance: Random, start: int) -> member_acts.Schedule:
    """Batches come again after they were done, at times when Redis has forgotten that they were."""

    def twice(instance: Instance, _member: Member) -> None:
        instance.twice += [lambda _: None, lambda one: one.redis.flushall()] * 3

    yield start + HOUR, "batches come twice", twice
    yield start + 2 * HOUR, "plays", _plays([0])


@scene
def everybody_refused(_chance: Random, start: int) -> member_acts.Schedule:
    """For a night Spotify calls every token invalid, though none is."""
    kept: list[int] = []

    def refuse(instance: Instance, member: Member) -> None:
        if member.number == 0:
            kept.append(instance.control.fault("invalid_grant", endpoint="token"))

    def end(instance: Instance, _member: Member) -> None:
        for one in kept:
            instance.control.clear(one)

    yield start + HOUR, "plays", _plays([0])
    yield start + 20 * HOUR, "tokens are refused", refuse
    yield start + 28 * HOUR, "tokens are taken again", end


@scene
def one_cannot_be_stored(_chance: Random, start: int) -> member_acts.Schedule:
    """For a day the database refuses what one member of a batch played."""

    def spoil(_instance: Instance, member: Member) -> None:
        member.poisoned = member.number == 0

    def mend(_instance: Instance, member: Member) -> None:
        member.poisoned = False

    yield start + HOUR, "may not be storable", spoil
    yield start + 2 * HOUR, "plays", _plays([0])
    yield start + 25 * HOUR, "can be stored", mend


@scene
def release_before(chance: Random, start: int) -> member_acts.Schedule:
    """Workers of two releases go on with one catalog, which is tidied meanwhile."""
    _, begin, end = lasting_faults.release_before(chance)
    for hour in range(2, 42, 4):
        yield start + hour * HOUR, "plays", _plays(range(0, 45 * MINUTE, MINUTE))
    yield start + 12 * HOUR, "a deploy begins", lambda instance, _: begin(instance)
    yield start + 23 * HOUR, "the catalog is tidied", _tidy
    yield start + 41 * HOUR, "the deploy is over", lambda instance, _: end(instance)


def _tidy(instance: Instance, _member: Member) -> None:
    instance.services.queues.enqueue(BULK, "free_catalog")


def _bring(instance: Instance, member: Member) -> None:
    member_files.bring(instance, member, member.polled, (300, 300))  # more than stay unsealed


def _a_file(start: int) -> member_acts.Schedule:
    yield start + 2 * HOUR, "brings a file", _bring
    for hours in (5, 8, 11):
        yield start + hours * HOUR, "says yes to what was found", member_files.go_on


def _plays(offsets: Any, *, unit: int = 1, late: bool = False) -> member_acts.Act:
    """Plays that end so long after now, or before it; known to Spotify at once if they are late."""
    when = list(offsets)

    def act(instance: Instance, member: Member) -> None:
        now = instance.timeline.ms
        facts: list[dict[str, Any]] = [{"played_at": now + ms * unit} for ms in when]
        for fact in facts if late else ():
            fact["recorded_at"] = now
        instance.control.add_plays(member.listener, facts)

    return act


def _many(count: int, shown: Callable[[int], object] = lambda _n: True) -> member_acts.Act:
    """So many of the shortest plays in a row; those that are not `shown` no page has."""

    def act(instance: Instance, member: Member) -> None:
        now = instance.timeline.ms
        facts = [
            {"played_at": now + SHORTEST * (n + 1), "left_out": not shown(n)} for n in range(count)
        ]
        instance.control.add_plays(member.listener, facts)

    return act


def _local_files(count: int) -> member_acts.Act:
    def act(instance: Instance, member: Member) -> None:
        now = instance.timeline.ms
        facts = [member_acts.odd_play("local", now + SHORTEST * n) for n in range(count)]
        instance.control.add_plays(member.listener, facts)

    return act
