"""Whether Redis can be used, and who can listen in on the way."""

from __future__ import annotations

from redis.exceptions import RedisError

from audiospective.clients import redis_trial
from audiospective.operations.doctor.finding import Finding, first_line
from audiospective.policy import hosts, redis_refusal
from audiospective.services import Services


def reached(services: Services) -> Finding:
    try:
        redis_trial.write(services.redis)
    except RedisError as error:
        if found := redis_refusal.known(error):
            return Finding("Redis", *found)
        return Finding(
            "Redis",
            f"does not answer ({first_line(error)})",
            "Check REDIS_URL and that the server runs. Nothing is lost meanwhile.",
        )
    return Finding("Redis", "answers, and takes what is written")


def line(services: Services) -> Finding:
    """Whether others can listen in on the way to Redis."""
    url = services.settings.redis_url
    scheme, _, rest = url.partition("://")
    host = rest.rpartition("@")[2].partition("/")[0].rpartition(":")[0].strip("[]")
    if scheme == "rediss":
        checked = services.settings.redis_tls_verify
        return Finding("Redis line", "TLS" + ("" if checked else ", its certificate unchecked"))
    if scheme == "unix" or hosts.is_loopback(host) or not services.settings.https:
        return Finding("Redis line", "not encrypted, on this machine or for trying out")
    return Finding(
        "Redis line",
        "not encrypted",
        "Inside a private network that is fine; else use rediss://. It carries ids, no tokens.",
        serious=False,
    )
