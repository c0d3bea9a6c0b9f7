"""Whether Redis is reached, and who can listen in on the way."""

from __future__ import annotations

from redis.exceptions import RedisError

from audiospective.operations.doctor.finding import Finding, first_line
from audiospective.policy import hosts, redis_refusal
from audiospective.services import Services


def reached(services: Services) -> Finding:
    try:
        services.redis.ping()
    except RedisError as error:
        said = redis_refusal.in_words(str(error), first_line(error))
        if "REDIS_TLS_VERIFY" in said:
            state, _, advice = said.partition(". ")
            return Finding("Redis", state, advice)
        return Finding(
            "Redis",
            said.removeprefix("the server ").removesuffix("."),
            "Check REDIS_URL and that the server runs. Nothing is lost meanwhile.",
        )
    return Finding("Redis", "answers")


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
