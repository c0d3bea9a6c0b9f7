"""Limits on what one visitor, or everybody together, may ask of pages that are open to all."""

from __future__ import annotations

import hashlib
import hmac
import threading
from dataclasses import dataclass, replace

from flask import request
from redis import Redis
from redis.exceptions import RedisError
from werkzeug.exceptions import TooManyRequests

from audiospective import clock
from audiospective.policy import visitors
from audiospective.web.context import services

STRICTER = 4  # without Redis every process counts by itself, so each allows only a part
REDIS_REST = 10.0  # seconds for which a Redis that failed is not asked again
MEMORY = 10_000  # counters that one process keeps at most
EVERYBODY = "everybody"
# Of what all share, one network gets a tenth at most, and a larger one a third: else somebody with
# many addresses spends it for everybody. Bits of IPv4 and IPv6 prefixes, and the part; a provider
# gives its customer a /48 of IPv6 or less, and has a /32 or a few of them.
PARTS = ((24, 48, 10), (16, 32, 3))


@dataclass(frozen=True)
class Limit:
    """At most `count` in `seconds`, for each visitor or (`shared`) for all together; see PARTS."""

    name: str
    count: int
    seconds: int
    shared: bool = False


class Counters:
    """Counts in fixed windows: in Redis, or strictly in this process while Redis is away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own: dict[str, tuple[int, int]] = {}  # key: (window, count)
        self._redis_back_at = 0.0

    def spend(self, redis: Redis, limit: Limit, who: str) -> int:
        """Count one; 0 if that is allowed, else the seconds until the window ends."""
        now = clock.to_ms(clock.now()) // 1000
        window = now // limit.seconds
        used, allowed = self._counted(redis, limit, who, window)
        return 0 if used <= allowed else max(1, (window + 1) * limit.seconds - now)

    def give_back(self, redis: Redis, limit: Limit, who: str) -> None:
        """Count one less in the present window."""
        self._counted(redis, limit, who, clock.to_ms(clock.now()) // 1000 // limit.seconds, by=-1)

    def wait(self, redis: Redis, limit: Limit, who: str) -> int:
        """0 if one more would be allowed, else the seconds until the window ends."""
        now = clock.to_ms(clock.now()) // 1000
        window = now // limit.seconds
        used, allowed = self._counted(redis, limit, who, window, by=0)
        return 0 if used < allowed else max(1, (window + 1) * limit.seconds - now)

    def _counted(
        self, redis: Redis, limit: Limit, who: str, window: int, by: int = 1
    ) -> tuple[int, int]:
        """(count after adding `by`, how many are allowed)"""
        key = f"limit:{limit.name}:{who}"
        if clock.monotonic() >= self._redis_back_at:
            try:
                with redis.pipeline(transaction=True) as pipe:
                    pipe.incrby(f"{key}:{window}", by)
                    pipe.expire(f"{key}:{window}", limit.seconds + 60)
                    return int(pipe.execute()[0]), limit.count
            except RedisError:
                self._redis_back_at = clock.monotonic() + REDIS_REST
        with self._lock:
            if len(self._own) >= MEMORY:
                self._own.clear()
            known = self._own.get(key)
            used = (known[1] if known and known[0] == window else 0) + by
            self._own[key] = (window, used)
        return used, max(1, limit.count // STRICTER)


_counters = Counters()


def enforce(*limits: Limit, who: str | None = None) -> None:
    """Count this request against each limit in turn; answers 429 with Retry-After at the first one
    that is reached, and spends nothing of those behind it.

    `who` is what is counted instead of the visitor, such as a member.
    """
    for limit in limits:
        if wait := spend(limit, who=who):
            raise TooManyRequests(retry_after=wait)


def give_back(limit: Limit, who: str | None = None) -> None:
    """Take back what was counted, for a request that turned out to be nobody's attack."""
    for one, counted in _counted(limit, who):
        _counters.give_back(services().redis, one, counted)


def refuse_without(limit: Limit, who: str | None = None) -> None:
    """Answer 429 if another one would be too many; counts nothing."""
    for one, counted in _counted(limit, who):
        if wait := _counters.wait(services().redis, one, counted):
            raise TooManyRequests(retry_after=wait)


def spend(limit: Limit, who: str | None = None) -> int:
    """Count one against a limit; 0 if that is allowed, else seconds to wait."""
    for one, counted in _counted(limit, who):
        if wait := _counters.spend(services().redis, one, counted):
            return wait
    return 0


def visitor() -> str:
    """The visitor's network address; whole /64 networks count as one, as one person has them.

    Proxies of our own are looked through (see security.install); what else a header says is
    whatever the visitor liked to send.
    """
    return visitors.visitor(request.remote_addr or "")


def networks() -> list[tuple[str, int]]:
    """The networks that the visitor comes from, smallest first, and what part each may spend."""
    address = visitors.address(request.remote_addr or "")
    if address is None:
        return [(visitor(), PARTS[0][2])]
    return [
        (visitors.network(address, bits if address.version == 4 else bits6), part)
        for bits, bits6, part in PARTS
    ]


def _counted(limit: Limit, who: str | None) -> list[tuple[Limit, str]]:
    """What is counted, under which name, in order: of a shared limit first the networks' parts."""
    if not limit.shared:
        return [(limit, _pseudonym(who or visitor()))]
    parts = [
        (replace(limit, count=max(1, limit.count // part)), _pseudonym(network))
        for network, part in networks()
    ]
    return [*parts, (limit, EVERYBODY)]


def _pseudonym(who: str) -> str:
    """Redis is anybody's to read in the worst case: it never holds an address."""
    key = services().settings.secret_key.encode()
    return hmac.new(key, who.encode(), hashlib.sha256).hexdigest()[:24]
