"""Whether all processes run with the same settings where they must: each says so in Redis.

What they say is a hash that only who has a token key can make of a value, so nothing can be
guessed from it. It stands in Redis since a worker's parent opens no database, and since it is
worth nothing once the process is gone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

from redis import Redis

from audiospective import clock
from audiospective.policy import agreement, service_urls
from audiospective.policy.agreement import Said
from audiospective.settings import Settings

# A hash in Redis: role and fingerprint of all -> what is said, and when. What else stands in it is
# taken away, so its name is one that no other program gives to anything.
KEY = "audiospective:settings"
# A process says it every minute, `tick` whenever it runs; one that ended says nothing more.
FRESH, FRESH_TICK = timedelta(minutes=3), timedelta(minutes=25)
FORGOTTEN = timedelta(days=1)
WEB, WORKER, BULK, SCHEDULER, TICK = "web", "worker", "bulk worker", "scheduler", "tick"
AT_MOST = 100  # that are compared: each release and each change of a setting leaves a few


def leave(redis: Redis, settings: Settings, role: str) -> None:
    """Say with which settings a process of this role runs; raises RedisError."""
    said = _said(settings, role)
    told = {"token_keys": said.token_keys, "under": said.under}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    noted = json.dumps(told | {"role": role, "at": clock.to_ms(clock.now())})
    redis.hset(KEY, f"{role} {digest}", noted)
    redis.expire(KEY, FORGOTTEN)


def differences(redis: Redis) -> dict[str, list[list[str]]]:
    """By setting, the roles of processes that agree on it, in groups; raises RedisError."""
    return agreement.between(_read(redis))


def different_from(redis: Redis, own: Settings) -> dict[str, list[list[str]]]:
    """By setting, the roles of processes that read another than `own`; raises RedisError."""
    found: dict[str, set[str]] = {}
    for other in _read(redis):
        for name in agreement.differing(_said(own, ""), other):
            found.setdefault(name, set()).add(other.role)
    return {name: [sorted(roles)] for name, roles in found.items()}


def roles(redis: Redis) -> list[str]:
    """The roles of the processes that were heard of lately; raises RedisError."""
    return sorted({one.role for one in _read(redis)})


def _said(settings: Settings, role: str) -> Said:
    keys = {_mac(key, agreement.KEYS_THAT_ENCRYPT, ""): key for key in settings.token_keys}
    values = {
        # The first is in use; what is signed with the others is read as well.
        "SECRET_KEY": (settings.secret_key, *settings.secret_key_fallbacks),
        "BASE_URL": (settings.base_url,),
        "SPOTIFY_CLIENT_ID": (settings.spotify_client_id,),
        "SPOTIFY_CLIENT_SECRET": (settings.spotify_client_secret,),
        # A folder may be mounted at another place in each container.
        "STORAGE_URL": ("/".join(_bucket(settings.storage_url)),),
        "MAIL_FROM": (settings.mail_from,),
        # A provider may give each process a key of its own, but all of them send.
        "RESEND_API_KEY": ("set" if settings.resend_api_key else "",),
        "POLL_MAX_MINUTES": (str(settings.poll_max_minutes),),
    }
    under = {
        found: {name: [_mac(key, name, one) for one in every] for name, every in values.items()}
        for found, key in keys.items()
    }
    return Said(role, list(keys), under)


def _bucket(url: str) -> tuple[str, ...]:
    """Its name and prefix, however they are written; nothing of a folder."""
    return service_urls.bucket(url) if url.startswith("s3:") else ()


def _mac(key: str, name: str, value: str) -> str:
    said = f"audiospective setting {name} {value}".encode()
    return hmac.new(key.encode(), said, hashlib.sha256).hexdigest()[:16]


def _read(redis: Redis) -> list[Said]:
    """What was said lately, by role; what is older, or nobody here wrote, is taken away."""
    found, old, now = [], [], clock.now()
    kept: Any = redis.hgetall(KEY)
    for field, raw in sorted(kept.items()):
        told = _parsed(raw)
        fresh = FRESH_TICK if told and told["role"] == TICK else FRESH
        if told is None or abs(now - clock.from_ms(told["at"])) > fresh:
            old.append(field)
        else:
            found.append(Said(told["role"], told["token_keys"], told["under"]))
    if old:
        redis.hdel(KEY, *old)
    return found[:AT_MOST]


def _parsed(raw: bytes) -> dict[str, Any] | None:
    """None for what another program wrote, or a release that says it otherwise."""
    try:
        told: dict[str, Any] = json.loads(raw)
        lists = [told["token_keys"]]
        lists += [every for values in told["under"].values() for every in values.values()]
        fits = isinstance(told["role"], str) and all(isinstance(one, list) for one in lists)
        clock.from_ms(told["at"])
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    return told if fits else None
