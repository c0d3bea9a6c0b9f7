"""What members do: how they listen beyond their habits, and what they do with their accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from audiospective.simulation import member_files, members
from audiospective.simulation.instance import Instance
from audiospective.simulation.members import Member
from audiospective.simulation.timeline import DAY, HOUR, MINUTE, SECOND

Act = Callable[[Instance, Member], object]
Schedule = Iterator[tuple[int, str, Act]]  # true milliseconds, what it is, and doing it

LOCAL = {"id": None, "is_local": True, "name": "Demo tape", "type": "track"}


def day(member: Member, start: int) -> Schedule:
    """What one member does within a day from `start`, beside what the habit says."""
    if member.refused_since is not None and member.chance.random() < 0.4:
        yield start + int(member.chance.random() * DAY), "reconnects", members.reconnect
    for share, plan in LISTENING + ACCOUNT:
        if member.chance.random() < share:
            yield from plan(member.chance, start + int(member.chance.random() * DAY))


def _plays(count: int, apart: int, **facts: Any) -> Act:
    """So many plays in a row from now on, known to Spotify as they end."""

    def act(instance: Instance, member: Member) -> None:
        now = instance.timeline.ms
        instance.control.add_plays(
            member.listener,
            [{"played_at": now + apart * (n + 1) + n % 7, **facts} for n in range(count)],
        )

    return act


def _second_device(chance: Random, at: int) -> Schedule:
    yield at, "plays on a second device", _plays(chance.randint(3, 40), 3 * MINUTE)


def many(chance: Random, at: int) -> Schedule:
    yield (
        at,
        "plays more than a page",
        _plays(chance.randint(55, 140), chance.choice((31, 45)) * SECOND),
    )


def _away(shortest: int, longest: int) -> Callable[[Random, int], Schedule]:
    def plan(chance: Random, at: int) -> Schedule:
        span = chance.randint(shortest, longest)

        def act(instance: Instance, member: Member) -> None:
            instance.control.offline(member.listener, milliseconds=span)

        yield at, "is offline", act

    return plan


def _late(chance: Random, at: int) -> Schedule:
    """A second device that was offline delivers all at once, among plays of the first."""
    count, back = chance.randint(5, 130), chance.randint(2 * HOUR, 40 * HOUR)

    def act(instance: Instance, member: Member) -> None:
        now = instance.timeline.ms
        apart = min(3 * MINUTE, back // (count + 1))
        plays = [{"played_at": now - back + apart * n} for n in range(count)]
        instance.control.add_plays(member.listener, plays)

    yield at, "delivers late plays", act


def _odd(chance: Random, at: int) -> Schedule:
    """Items that fit no play: local files, tracks that are gone, without a time."""
    count = chance.choice((1, 2, 5, 60))
    what = chance.choice(("local", "null", "timeless"))

    def act(instance: Instance, member: Member) -> None:
        now = instance.timeline.ms
        instance.control.add_plays(
            member.listener, [odd_play(what, now + 2 * MINUTE * (n + 1)) for n in range(count)]
        )

    yield at, f"plays what cannot be read ({what})", act


def odd_play(what: str, at: int) -> dict[str, Any]:
    from audiospective.sandbox.clock import iso

    track = None if what == "null" else LOCAL
    raw = {"track": track, "played_at": iso(at), "context": None}
    if what == "timeless":
        raw["played_at"] = "lately"
    return {"played_at": at, "track": None, "raw": raw}


def _wrong_clock(chance: Random, at: int) -> Schedule:
    off = chance.choice((-600, -90, -20, 20, 50)) * MINUTE
    count = chance.randint(1, 8)

    def act(instance: Instance, member: Member) -> None:
        ends = [instance.timeline.ms + 3 * MINUTE * n for n in range(count)]
        instance.control.add_plays(
            member.listener, [{"played_at": end + off, "recorded_at": end} for end in ends]
        )

    yield at, "has a device with a wrong clock", act


def _again(chance: Random, at: int) -> Schedule:
    """One short track again and again: plays that a careless match would take for one."""

    def act(instance: Instance, member: Member) -> None:
        track = chance.choice(instance.control.tracks(200))
        _plays(6, 41 * SECOND, track=track)(instance, member)

    yield at, "repeats a track", act


def _same_time(_chance: Random, at: int) -> Schedule:
    yield at, "plays two at once", lambda i, m: i.control.same_time(m.listener, 2)


def _left_out(chance: Random, at: int) -> Schedule:
    yield at, "plays what no page shows", _plays(chance.randint(1, 9), 3 * MINUTE, left_out=True)


def _poorer(chance: Random, at: int) -> Schedule:
    """For some hours Spotify shows less of their plays than there is to show."""
    name = chance.choice(("null_track", "null_context", "missing_fields", "relinked"))
    end = at + chance.randint(HOUR, 8 * HOUR)
    kept: list[int] = []

    def begin(instance: Instance, member: Member) -> None:
        more: dict[str, Any] = {"items": chance.randint(1, 5)} if name != "null_context" else {}
        kept.append(instance.control.fault(name, listener=member.listener, **more))

    yield at, f"is shown poorer items ({name})", begin

    def stop(instance: Instance, _member: Member) -> None:
        for one in kept:
            instance.control.clear(one)

    yield end, "is shown whole items", stop


def _revokes(chance: Random, at: int) -> Schedule:
    yield at, "revokes", members.revoke
    yield at + int(HOUR * 300 ** chance.random()), "reconnects", members.reconnect


def _expires(_chance: Random, at: int) -> Schedule:
    yield at, "loses an access token", lambda i, m: i.control.expire_access(m.listener)


def _unlisted(chance: Random, at: int) -> Schedule:
    kept: list[int] = []

    def begin(instance: Instance, member: Member) -> None:
        kept.append(instance.control.fault("not_listed", listener=member.listener, endpoint="api"))
        if member.refused_since is None:
            member.refused_since = instance.timeline.ms

    def end(instance: Instance, member: Member) -> None:
        for one in kept:
            instance.control.clear(one)
        members.reconnect(instance, member)

    yield at, "is taken off the list", begin
    yield at + chance.randint(2 * HOUR, 60 * HOUR), "is on the list again", end


def _pauses(chance: Random, at: int) -> Schedule:
    yield at, "pauses", members.pause
    yield at + chance.randint(HOUR, 60 * HOUR), "resumes", members.resume


def _leaves(chance: Random, at: int) -> Schedule:
    yield at, "disconnects", members.disconnect
    yield at + chance.randint(HOUR, 60 * HOUR), "reconnects", members.reconnect


def _looks(_chance: Random, at: int) -> Schedule:
    yield at, "checks now", members.check_now


def _is_poison(chance: Random, at: int) -> Schedule:
    def set_to(poisoned: bool) -> Act:
        return lambda _, member: setattr(member, "poisoned", poisoned)

    yield at, "cannot be stored", set_to(True)
    yield at + chance.randint(HOUR, 5 * HOUR), "can be stored again", set_to(False)


def _kills(chance: Random, at: int) -> Schedule:
    def set_to(kills: bool) -> Act:
        return lambda _, member: setattr(member, "kills", kills)

    yield at, "kills whoever asks for them", set_to(True)
    yield at + chance.randint(HOUR, 5 * HOUR), "kills nobody any more", set_to(False)


def _brings_files(chance: Random, at: int) -> Schedule:
    if chance.random() < 0.15:
        yield (
            at - HOUR,
            "brings half a file",
            lambda i, m: member_files.bring(i, m, m.polled, whole=False),
        )
    yield at, "brings a file", lambda i, m: member_files.bring(i, m, m.polled)
    for later in range(1, 5):  # again, should the first try have met with a fault
        yield at + later * 5 * HOUR, "goes on with the import", member_files.go_on
    if chance.random() < 0.6:
        yield at + chance.randint(26 * HOUR, 60 * HOUR), "takes a file back", member_files.take_back


LISTENING: tuple[tuple[float, Callable[[Random, int], Schedule]], ...] = (
    (0.12, _second_device),
    (0.04, many),
    (0.05, _away(HOUR, 30 * HOUR)),
    (0.006, _away(3 * DAY, 10 * DAY)),
    (0.06, _late),
    (0.06, _odd),
    (0.02, _wrong_clock),
    (0.05, _again),
    (0.02, _same_time),
    (0.05, _left_out),
    (0.06, _poorer),
)
ACCOUNT: tuple[tuple[float, Callable[[Random, int], Schedule]], ...] = (
    (0.008, _revokes),
    (0.03, _expires),
    (0.004, _unlisted),
    (0.008, _pauses),
    (0.004, _leaves),
    (0.05, _looks),
    (0.03, _brings_files),
    (0.01, _is_poison),
    (0.004, _kills),
)
