"""Faults that last and strike everybody: outages, limits, wrong clocks, drawn from the seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from audiospective.operations.catalog import WAY_BACK
from audiospective.simulation.faulty_storage import FaultyStorage
from audiospective.simulation.instance import Instance
from audiospective.simulation.timeline import HOUR, MINUTE

Change = Callable[[Instance], object]
Schedule = Iterator[tuple[int, str, Change]]


@dataclass(frozen=True)
class Level:
    """`share` of jobs meet a fault of their own; `every` so often one begins that lasts."""

    share: float
    nested: float  # of the operations at which somebody else does something meanwhile
    every: int  # ms
    longest: float  # hours
    deploy: bool = False  # whether some workers are of the release before when it begins


LEVELS = {
    "none": Level(0.0, 0.0, 10**15, 0.0),
    "light": Level(0.01, 0.002, 30 * HOUR, 2.0),
    "heavy": Level(0.06, 0.01, 9 * HOUR, 5.0, deploy=True),
}


def schedule(level: Level, chance: Random, start: int, end: int) -> Schedule:
    """What begins and ends between two instants, each with its change."""
    if level.deploy:
        name, begin, stop = release_before(chance)
        yield start, f"begins: {name}", begin
        yield start + int((30 + 12 * chance.random()) * HOUR), f"ends: {name}", stop
    at = start + int(level.every * chance.random())
    while at < end:
        name, begin, stop = chance.choice(KINDS)(chance)
        until = at + int(10 * MINUTE + chance.random() ** 2 * level.longest * HOUR)
        yield at, f"begins: {name}", begin
        yield until, f"ends: {name}", stop
        at += int(level.every * (0.4 + 1.2 * chance.random()))


Made = tuple[str, Change, Change]


def _answers(chance: Random) -> Made:
    name, more = chance.choice(
        (
            ("status", {"status": 503}),
            ("status", {"status": 500, "style": "html"}),
            ("status", {"status": 502, "style": "empty"}),
            ("status", {"status": 404}),
            ("html", {}),
            ("empty", {}),
            ("null", {}),
            ("list", {}),
            ("broken_json", {}),
            ("truncated", {}),
            ("reset", {}),
            ("lost", {}),
        )
    )
    endpoint = chance.choice(("api", "accounts", None, "recently-played"))
    return _fault(f"{name} {more.get('status', '')}", name, endpoint=endpoint, **more)


def _limits(chance: Random) -> Made:
    after = chance.choice((10, 300, 3000, None, "Wed, 21 Oct 2015 07:28:00 GMT", -5, "soon"))
    return _fault("rate limit", "rate_limit", endpoint="api", retry_after=after)


def _quota(chance: Random) -> Made:
    return _fault(
        "quota", "quota", endpoint="api", times=1, retry_after=chance.choice((4000, 20_000))
    )


def _mass_refusal(chance: Random) -> Made:
    name = chance.choice(("invalid_grant", "not_listed"))
    endpoint = "token" if name == "invalid_grant" else "api"
    return _fault(f"everybody is refused ({name})", name, endpoint=endpoint)


def _app_refused(_chance: Random) -> Made:
    return _fault("the app is refused", "invalid_client")


def _frozen(_chance: Random) -> Made:
    kept: list[int] = []

    def begin(instance: Instance) -> None:
        if instance.frozen_since is None:
            kept.append(instance.control.fault("stale"))
            instance.frozen_since = instance.timeline.ms

    def end(instance: Instance) -> None:
        for one in kept:
            instance.control.clear(one)
            instance.freezes.append((instance.frozen_since or 0, instance.timeline.ms))
            instance.frozen_since = None

    return "the feed is frozen", begin, end


def _mail(chance: Random) -> Made:
    name, more = chance.choice(
        (
            ("mail_rate_limit", {"retry_after": 600}),
            ("mail_daily_quota", {"times": 1}),
            ("mail_error", {}),
            ("mail_bad_key", {}),
            ("lost", {"endpoint": "emails"}),
            ("reset", {"endpoint": "emails"}),
        )
    )
    return _fault(f"mail: {name}", name, **more)


def _away(kind: str) -> Callable[[Random], Made]:
    def make(_chance: Random) -> Made:
        return (
            f"{kind} is away",
            lambda instance: instance.injector.away.add(kind),
            lambda instance: instance.injector.away.discard(kind),
        )

    return make


def _flush(_chance: Random) -> Made:
    def flush(instance: Instance) -> None:
        instance.redis.flushall()
        instance.queues.flush()

    return "Redis forgets everything", flush, _nothing


def _clock_ahead(chance: Random) -> Made:
    ahead = chance.choice((5 * MINUTE, 70 * MINUTE, 3 * HOUR))

    def step(ms: int) -> Change:
        return lambda instance: setattr(instance.timeline, "ahead", ms)

    return f"our clock is {ahead // MINUTE} minutes ahead", step(ahead), step(0)


def _slow(chance: Random) -> Made:
    seconds = chance.choice((0.5, 12.0, 30.0))
    return (
        f"calls take up to {seconds} seconds",
        lambda instance: setattr(instance, "slowness", seconds),
        lambda instance: setattr(instance, "slowness", 0.0),
    )


def no_worker(_chance: Random) -> Made:
    return (
        "no worker runs",
        lambda instance: setattr(instance.queues, "served", False),
        lambda instance: setattr(instance.queues, "served", True),
    )


def release_before(_chance: Random) -> Made:
    def begin(instance: Instance) -> None:
        # Only as long as the release before could be brought back.
        lived = instance.timeline.ms - instance.timeline.start
        instance.release_before = lived < WAY_BACK // timedelta(milliseconds=1) - 6 * HOUR

    def end(instance: Instance) -> None:
        instance.release_before = False

    return "some workers are still of the release before", begin, end


def cut(_chance: Random) -> Made:
    def cut(instance: Instance) -> None:
        storage: Any = instance.services.storage
        assert isinstance(storage, FaultyStorage)
        storage.cuts += 3

    return "storage keeps less than it was given", cut, _nothing


def _damage(_chance: Random) -> Made:
    def damage(instance: Instance) -> None:
        instance.damages += 2

    return "what is sealed loses a play on the way", damage, _nothing


def _fault(said: str, name: str, **scope: Any) -> Made:
    kept: list[int] = []

    def end(instance: Instance) -> None:
        for one in kept:
            instance.control.clear(one)

    return said, lambda instance: kept.append(instance.control.fault(name, **scope)), end


def _nothing(_instance: Instance) -> None:
    pass


KINDS: tuple[Callable[[Random], Made], ...] = (
    *(_answers, _answers, _limits, _quota, _mass_refusal, _mass_refusal, _app_refused, _frozen),
    *(_mail, _mail, _away("redis"), _away("database"), _away("storage"), _flush, _clock_ahead),
    *(_slow, no_worker, cut, cut, _damage, release_before),
)
AFTER = 30 * HOUR  # for so long a run goes on without any fault
