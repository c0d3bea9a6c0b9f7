"""The outbox of webhooks: what operators are told, also where no e-mail arrives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from peewee import PeeweeException

from audiospective import clock, log
from audiospective.clients import webhook
from audiospective.clients.queues import INTERRUPTS
from audiospective.models import webhook_calls
from audiospective.models.webhook_calls import FAILED, OBSOLETE, QUEUED, SENT, WebhookCall
from audiospective.notices import compose
from audiospective.policy import webhooks
from audiospective.policy.webhooks import Message, Webhook
from audiospective.services import Services
from audiospective.settings import Settings

BEGUN, OVER = 0, 1  # steps
SECONDS = 20.0  # in which a round begins messages
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=1)
GIVEN_UP = timedelta(hours=24)  # after which a message is no longer tried
A_DAY = 50  # messages to one address in 24 hours: an alarm that flickers floods nobody
REMEMBERED = timedelta(days=90)
# Of an alarm's facts, what no address outside is told: which member it is about.
PRIVATE = {"not_allowed": ("user",), "segment_damaged": ("said",)}


def targets(settings: Settings) -> list[Webhook]:
    return [webhooks.read(url) for url in settings.alarm_webhook_urls]


def put(services: Services, topic: str, key: str, facts: Mapping[str, Any], step: int) -> int:
    """Owe a message about an alarm to every address; how many are owed by it.

    `facts` has "since" in milliseconds. Call it in the transaction that makes it necessary.
    """
    now, owed = clock.now(), 0
    for target in targets(services.settings):
        if step == BEGUN and _lately(target, now) >= A_DAY:
            log.event("webhook_capped", log.WARNING, target=target.target, topic=topic)
            continue
        private = PRIVATE.get(topic, ())
        told = {name: value for name, value in facts.items() if name not in private}
        owed += webhook_calls.put(
            {
                WebhookCall.target: target.target,
                WebhookCall.dedupe_key: key,
                WebhookCall.step: step,
                WebhookCall.topic: topic,
                WebhookCall.message: json.dumps(told),
                WebhookCall.next_attempt_at: now,
                WebhookCall.created_at: now,
            }
        )
    return owed


def told() -> dict[str, list[WebhookCall]]:
    """Messages of the last months by what they are about."""
    found: dict[str, list[WebhookCall]] = {}
    for call in webhook_calls.begun(clock.now() - REMEMBERED):
        found.setdefault(call.dedupe_key, []).append(call)
    return found


def end(services: Services, calls: list[WebhookCall]) -> None:
    """An alarm is over: say so where it was told, and drop what did not go out in time."""
    if any(one.step == OVER for one in calls):
        return
    for call in calls:
        if call.status == QUEUED:
            webhook_calls.settle(call, OBSOLETE, clock.now())
    if any(call.status == SENT for call in calls):
        first = calls[0]
        put(services, first.topic, first.dedupe_key, json.loads(first.message), OVER)


def deliver(services: Services) -> dict[str, int]:
    """Send what is due; messages by outcome. Any number of processes may do this at once."""
    known = {one.target: one for one in targets(services.settings)}
    outcomes: dict[str, int] = {}
    ends = clock.monotonic() + SECONDS
    while clock.monotonic() < ends and (call := webhook_calls.claim(clock.now())) is not None:
        outcome = _one(services, known.get(call.target), call)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    if outcomes:
        log.event("webhooks", **outcomes)
    return outcomes


def _one(services: Services, target: Webhook | None, call: WebhookCall) -> str:
    now = clock.now()
    if target is None:  # the address was taken out of the settings
        webhook_calls.settle(call, OBSOLETE, now)
        return OBSOLETE
    try:
        webhook.post(target, webhooks.request(target, _message(services, call)))
    except webhook.WebhookError as error:
        return _not_taken(call, now, str(error), error.wait)
    except (*INTERRUPTS, PeeweeException):
        raise
    except Exception as error:  # noqa: BLE001 - such as a topic of a newer release: it is this one's
        log.trouble("webhook_not_made", error, target=call.target, topic=call.topic)
        return _not_taken(call, now, type(error).__name__)
    webhook_calls.settle(call, SENT, now)
    return SENT


def _not_taken(call: WebhookCall, now: datetime, why: str, wait: timedelta | None = None) -> str:
    """Try it again later, or give it up."""
    if now - call.created_at >= GIVEN_UP:
        webhook_calls.settle(call, FAILED, now, why)
        log.event("webhook_failed", log.ERROR, target=call.target, answer=why)
        return FAILED
    longer = min(FIRST_RETRY * (1 << min(call.attempts - 1, 10)), LONGEST_RETRY)
    webhook_calls.put_off(call, now + (wait or longer), why)
    return "postponed"


def _message(services: Services, call: WebhookCall) -> Message:
    """The words of the e-mail about the same."""
    facts, over = json.loads(call.message), call.step == OVER
    facts["since"] = min(int(facts["since"]), clock.to_ms(clock.now()))  # if the clock was ahead
    title, text = compose.alarm(call.topic, facts, over=over)
    return Message(
        topic=call.topic,
        title=title,
        text=text,
        since=facts["since"] // 1000,
        over=over,
        server=services.settings.base_url,
    )


def _lately(target: Webhook, now: datetime) -> int:
    day = WebhookCall.created_at >= now - timedelta(hours=24)
    return int(WebhookCall.select().where((WebhookCall.target == target.target) & day).count())
