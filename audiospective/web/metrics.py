"""`/metrics` for Prometheus: made of the database and Redis, so every process tells the same."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry
from redis import RedisError

from audiospective import __version__, clock, log
from audiospective.incidents import alarms
from audiospective.models import Connection, sizes
from audiospective.models.counters import Counter
from audiospective.models.marks import Mark
from audiospective.models.notices import DONE, SENDING, WAITING
from audiospective.operations import watch
from audiospective.operations.overview import apps, mail, members, polling, queues, seats
from audiospective.policy import call_quota, histograms
from audiospective.policy.storage import MB
from audiospective.services import Services
from audiospective.web.context import services

blueprint = Blueprint("metrics", __name__)

TOTALS = (
    ("plays", "plays_archived", "Plays that polls added to archives"),
    ("retries", "poll_retries", "Requests to Spotify that were tried again"),
    ("hits", "polls_skipped", "Polls that had been made before and cost no request"),
    ("calls", "spotify_requests", "Requests that were sent to Spotify"),
)


@blueprint.get("/metrics")
def page() -> ResponseReturnValue:
    token = services().settings.metrics_token
    if not token:
        abort(404)
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return Response("a token is needed\n", 401, {"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(services()))
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)


@dataclass(eq=False)
class _Collected(Collector):
    """All metrics of one answer; some fifteen statements and three round trips to Redis."""

    services: Services

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        settings = self.services.settings
        build = _gauge("build_info", "What runs here, always 1", ("version", "release"))
        build.add_metric([__version__, settings.release], 1)
        yield build
        yield from _polls()
        yield from self._apps()
        yield from self._members()
        yield from self._queues()
        yield from self._rest()

    def _apps(self) -> Iterator[Metric]:
        called = _gauge("app_requests_24h", "Requests of a Spotify app in a day", ("app",))
        allowed = _gauge("app_allowance_24h", "Requests a day we allow an app", ("app",))
        blocked = _gauge("app_blocked_seconds", "For how long an app has to wait", ("app",))
        now = clock.now()
        for one in apps.busiest(self.services, now - call_quota.DAY):
            app = [str(one.app_id)]
            called.add_metric(app, one.calls)
            if one.allowance is not None:
                allowed.add_metric(app, one.allowance)
            left = (one.blocked_until - now).total_seconds() if one.blocked_until else 0
            blocked.add_metric(app, left)
        yield from (called, allowed, blocked)

    def _members(self) -> Iterator[Metric]:
        found = members.states()
        family = _gauge("members", "Members by state of their connection", ("state",))
        for status, count in sorted(found.by_status.items()):
            family.add_metric([status], count)
        family.add_metric(["import_only"], found.none)
        yield family
        yield _one("members_failing", "Members whose last poll failed", found.failing)
        place = seats.look(self.services)
        yield _one("founding_places_taken", "Founding places that were given", place.taken)
        yield _one("founding_places", "Founding places there are", place.places)
        waiting = _gauge("waitlist", "Addresses on the waitlist by state", ("state",))
        for state, count in (
            ("unconfirmed", place.waiting - place.confirmed),
            ("confirmed", place.confirmed - place.invited),
            ("invited", place.invited),
        ):
            waiting.add_metric([state], max(0, count))
        yield waiting

    def _queues(self) -> Iterator[Metric]:
        """Nothing about queues, but that Redis is away, while it does not answer."""
        try:
            found = queues.look(self.services)
        except RedisError as error:
            log.trouble("metrics_without_redis", error)
            yield _one("redis_up", "Whether Redis answers", 0)
            return
        yield _one("redis_up", "Whether Redis answers", 1)
        jobs = _gauge("queue_jobs", "Jobs that wait for a worker", ("queue",))
        oldest = _gauge("queue_oldest_seconds", "For how long the first job waits", ("queue",))
        failed = _gauge("queue_failed_jobs", "Jobs that gave up and are kept", ("queue",))
        for one in found.queues:
            jobs.add_metric([one.name], one.jobs)
            oldest.add_metric([one.name], one.oldest.total_seconds() if one.oldest else 0)
            failed.add_metric([one.name], one.failed)
        yield from (jobs, oldest, failed)
        yield _one("workers", "Workers that serve the queues", found.workers)

    def _rest(self) -> Iterator[Metric]:
        now, settings = clock.now(), self.services.settings
        emails = _gauge("emails", "E-mails in the outbox by state", ("state",))
        counts = mail.waiting()
        for status in (*WAITING, SENDING, *DONE):
            emails.add_metric([status], counts.get(status, 0))
        yield emails
        yield _one("database_bytes", "Size of the database", sizes.total())
        budget = settings.storage_budget_mb * MB
        yield _one("storage_budget_bytes", "What the database may take", budget)
        stale = polling.stale_since(self.services)
        late = (now - stale).total_seconds() if stale else 0
        yield _one("polling_stale_seconds", "For how long polls have been failing to come", late)
        newest = Connection.select().order_by(Connection.last_success_at.desc(nulls="last")).first()
        if newest is not None and newest.last_success_at is not None:
            yield _one("last_success_timestamp_seconds", "When a poll last succeeded",
                       newest.last_success_at.timestamp())  # fmt: skip
        lasting = _gauge("alarm", "1 while an alarm lasts", ("alarm",))
        for alarm in alarms.standing():
            lasting.add_metric([alarm.topic], 1)
        yield lasting
        for name, mark_name, words in (
            (
                "timetable_seen_timestamp_seconds",
                alarms.PULSE,
                "When the timetable was last at work",
            ),
            ("backup_timestamp_seconds", watch.BACKUP, "When a backup last succeeded"),
        ):
            if at := Mark.at_of(mark_name):
                yield _one(name, words, at.timestamp())


def _polls() -> Iterator[Metric]:
    sums = Counter.totals()
    outcomes = CounterMetricFamily(
        _name("polls"), "Polls that were settled, by outcome", labels=["outcome"]
    )
    limits = CounterMetricFamily(
        _name("spotify_limits"), "Answers 429 of Spotify, by kind", labels=["kind"]
    )
    for name, count in sorted(sums.items()):
        if name.startswith("polls:"):
            outcomes.add_metric([name.removeprefix("polls:")], count)
        if name.startswith("limits:"):
            limits.add_metric([name.removeprefix("limits:")], count)
    yield from (outcomes, limits)
    for name, metric, words in TOTALS:
        yield CounterMetricFamily(_name(metric), words, value=sums.get(name, 0))
    below, buckets = 0, []
    for top, count in histograms.histogram(sums):
        below += count
        if top != float("inf"):
            buckets.append((str(top), below))
    duration = HistogramMetricFamily(_name("poll_duration_seconds"), "How long polls took")
    duration.add_metric([], [*buckets, ("+Inf", below)], sums.get("poll_ms", 0) / 1000)
    yield duration


def _name(metric: str) -> str:
    return f"audiospective_{metric}"


def _gauge(metric: str, words: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    return GaugeMetricFamily(_name(metric), words, labels=labels)


def _one(metric: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(_name(metric), words, value=value)
