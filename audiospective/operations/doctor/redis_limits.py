"""How Redis is set up: its version, when it is full, and for how many clients."""

from __future__ import annotations

from typing import Any

from redis.exceptions import NoPermissionError, RedisError

from audiospective.operations.doctor.finding import UNASKED, Finding
from audiospective.services import Services

OLDEST = (6, 0, 6)  # the first that has LPOS: <https://redis.io/docs/latest/commands/lpos/>
_OLDEST = ".".join(map(str, OLDEST))
CLIENTS = 20  # of Redis, for two web processes, a worker and a scheduler


def look(services: Services) -> Finding:
    """What a Redis server does when it is full, how many clients it takes, and what it is."""
    try:
        info: Any = services.redis.info()
    except NoPermissionError:  # of -@dangerous, which many hosts set
        return Finding(
            "Redis limits",
            "not told: the user in REDIS_URL may not run INFO",
            f"Look at the server: version {_OLDEST} or newer, maxmemory-policy noeviction,"
            f" {CLIENTS} clients or more.",
            serious=False,
        )
    except RedisError:
        return Finding("Redis limits", UNASKED, "Repair Redis first.", serious=False)
    if info.get("role") == "slave":
        return Finding(
            "Redis limits",
            "the server is a replica and takes no writes",
            "Let REDIS_URL name the primary.",
        )
    if info.get("redis_mode") == "cluster" or info.get("cluster_enabled"):
        return Finding(
            "Redis limits",
            "the server runs in cluster mode, in which no worker gets a job",
            "Let REDIS_URL name a server, or a plan, without it.",
        )
    version = str(info.get("redis_version", ""))
    if _parts(version) < OLDEST:
        return Finding(
            "Redis limits",
            f"Redis {version} is older than {_OLDEST}",
            "Move to a newer one: this one does not know commands that jobs are enqueued with.",
        )
    policy, most = str(info.get("maxmemory_policy", "")), int(info.get("maxmemory", 0))
    if most and policy and policy != "noeviction":
        return Finding(
            "Redis limits",
            f"jobs are thrown away when it is full (maxmemory-policy {policy})",
            "Set maxmemory-policy to noeviction. No play is lost, but polls come late.",
            serious=False,
        )
    clients = int(info.get("maxclients", 0))
    if clients and clients < CLIENTS:
        return Finding(
            "Redis limits",
            f"{clients} clients at most",
            f"Two web processes, a worker and a scheduler need {CLIENTS}: start fewer, or move up.",
            serious=False,
        )
    used = int(info.get("connected_clients", 0))
    room = f"{most / 1_000_000:,.0f} MB" if most else "no limit of memory"
    return Finding("Redis limits", f"{room}, {used} of {clients or 'any'} clients")


def _parts(version: str) -> tuple[int, ...]:
    """A version to compare with; one that is not told, or not in numbers, counts as new enough."""
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError:
        return OLDEST
