"""How the servers in use are set up: pooler and encoding, Redis' limits, clocks, who is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from peewee import PeeweeException
from redis.exceptions import RedisError

from audiospective import clock
from audiospective.models import User, database, dialects
from audiospective.models.system_state import Mark
from audiospective.operations.doctor.finding import Finding
from audiospective.policy import setting_faults
from audiospective.services import Services

CLIENTS = 20  # of Redis, for two web processes, a worker and a scheduler
APART = timedelta(seconds=60)  # clocks; leases and limits bear that much
UNASKED = "could not be asked"


def pooler(_services: Services) -> Finding:
    """A pooler gives a process number of its own, so the server's differs from the greeting's."""
    if dialects.file():
        return Finding("Pooler", "none, SQLite is a file")
    try:
        with database.connection_context():
            (encoding,) = database.execute_sql("SHOW server_encoding").fetchone()
            (served,) = database.execute_sql("SELECT pg_backend_pid()").fetchone()
            greeted = database.connection().info.backend_pid
    except (PeeweeException, OSError):
        return Finding("Pooler", UNASKED, "Repair the database first.")
    if served != greeted:
        return Finding("Pooler", f"one is in between; any mode will do, encoding {encoding}")
    return Finding("Pooler", f"none in between, encoding {encoding}")


def redis_limits(services: Services) -> Finding:
    """What a Redis server does when it is full, how many clients it takes, and what it is."""
    try:
        info: Any = services.redis.info()
    except RedisError:
        return Finding("Redis limits", UNASKED, "Repair Redis first.", serious=False)
    if info.get("role") == "slave":
        return Finding(
            "Redis limits",
            "the server is a replica and takes no writes",
            "Let REDIS_URL name the primary.",
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


def redis_line(services: Services) -> Finding:
    """Whether others can listen in on the way to Redis."""
    url = services.settings.redis_url
    scheme, _, rest = url.partition("://")
    host = rest.rpartition("@")[2].partition("/")[0].rpartition(":")[0].strip("[]")
    if scheme == "rediss":
        checked = services.settings.redis_tls_verify
        return Finding("Redis line", "TLS" + ("" if checked else ", its certificate unchecked"))
    if scheme == "unix" or setting_faults.is_loopback(host) or not services.settings.https:
        return Finding("Redis line", "not encrypted, on this machine or for trying out")
    return Finding(
        "Redis line",
        "not encrypted",
        "Inside a private network that is fine; else use rediss://. It carries ids, no tokens.",
        serious=False,
    )


def clocks(services: Services) -> Finding:
    """This machine's clock beside those of the database and of Redis."""
    apart = {}
    try:
        with database.connection_context():
            apart["the database"] = dialects.now() - clock.now()
    except (PeeweeException, OSError):
        pass
    try:
        seconds, _ = services.redis.time()
        apart["Redis"] = datetime.fromtimestamp(int(seconds), UTC) - clock.now()
    except RedisError:
        pass
    wrong = [
        f"{name} is {abs(distance).total_seconds():.0f} s"
        f" {'ahead' if distance > timedelta() else 'behind'}"
        for name, distance in apart.items()
        if abs(distance) > APART
    ]
    if wrong:
        return Finding("Clock", ", ".join(wrong), "Let NTP set the clocks of all machines.")
    return Finding("Clock", f"agrees with {' and '.join(apart)}" if apart else UNASKED)


def told(services: Services) -> Finding:
    """Whether anybody hears of an alarm."""
    try:
        with database.connection_context():
            proven = User.is_operator & User.email_verified_at.is_null(False)
            people = User.select().where(proven).count()
            backup = Mark.at_of("backup.succeeded")
    except (PeeweeException, OSError):
        return Finding("Alarms", UNASKED, "Repair the database first.")
    hooks = len(services.settings.alarm_webhook_urls)
    made = f"last backup {backup:%d %B %Y}" if backup else "no backup was made yet"
    if not people and not hooks:
        return Finding(
            "Alarms",
            f"nobody is told of any; {made}",
            "Confirm an address, run 'operator grant YOU', or set ALARM_WEBHOOK_URLS.",
            serious=False,
        )
    return Finding("Alarms", f"{people} by e-mail, {hooks} webhooks; {made}")
