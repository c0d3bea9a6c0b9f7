"""The outbox of webhooks on both kinds of database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from audiospective import clock
from audiospective.models import dialects, notices, webhook_calls
from audiospective.models.notices import SENT, Notice
from audiospective.models.webhook_calls import OBSOLETE, WebhookCall
from audiospective.notices import clock_set_back, members, webhooks
from audiospective.operations import watch
from audiospective.policy import escalation
from tests.factories import crowd
from tests.support import hooks


def test_two_senders_send_a_message_once_and_a_dead_one_is_taken_over(services):
    with hooks.running() as server:
        settings = replace(services.settings, alarm_webhook_urls=(server.url,))
        services = replace(services, settings=settings)
        facts = {"since": 1, "said": "x"}
        assert webhooks.put(services, "backup", "backup.1", facts, webhooks.BEGUN) == 1
        assert webhooks.put(services, "backup", "backup.1", facts, webhooks.BEGUN) == 0
        assert webhook_calls.claim(clock.now()) is not None
        assert webhook_calls.claim(clock.now()) is None
        WebhookCall.update(lease_until=clock.EPOCH).execute()
        assert webhooks.deliver(services) == {"sent": 1}
        assert len(server.posted) == 1
    assert webhook_calls.forget(clock.now()) == 1


def test_a_message_put_off_or_taken_while_the_clock_was_ahead_goes_once_it_is_set_back(
    services, frozen
):
    with hooks.running() as server:
        settings = replace(services.settings, alarm_webhook_urls=(server.url,))
        services = replace(services, settings=settings)
        frozen.forward(days=100)
        facts = {"since": 1, "said": "x"}
        webhooks.put(services, "backup", "backup.1", facts, webhooks.BEGUN)
        server.status = 500
        assert webhooks.deliver(services) == {"postponed": 1}
        server.status = 200
        webhooks.put(services, "backup", "backup.2", facts, webhooks.BEGUN)
        assert webhook_calls.claim(clock.now()) is not None
        assert webhooks.deliver(services) == {}
        frozen.forward(days=-100)
        assert webhooks.deliver(services) == {"sent": 2}


@pytest.mark.parametrize("hours", [3, 2400])
def test_what_was_told_while_the_clock_was_ahead_counts_from_when_it_is_set_back(
    services, frozen, hours
):
    facts = {"since": 1, "said": "x"}
    with hooks.running() as server:
        settings = replace(services.settings, alarm_webhook_urls=(server.url,))
        services = replace(services, settings=settings)
        server.status = 500
        frozen.forward(hours=hours)
        ahead = clock.to_ms(clock.now())
        for number in range(webhooks.A_DAY):
            webhooks.put(services, "backup", f"backup.{number}", {**facts, "since": ahead}, 0)
        frozen.forward(hours=-hours)
        assert clock_set_back.bring_messages_back() == webhooks.A_DAY
        assert clock_set_back.bring_messages_back() == 0
        assert webhooks.put(services, "backup", "backup.x", facts, 0) == 0  # no flood either
        frozen.forward(hours=24, minutes=1)
        assert webhooks.put(services, "backup", "backup.y", facts, 0) == 1
        assert webhooks.deliver(services) == {"failed": webhooks.A_DAY, "postponed": 1}
        assert {one.json["since"] <= clock.to_ms(clock.now()) // 1000
                for one in server.posted} == {True}  # fmt: skip


@pytest.mark.parametrize("hours", [3, 2400])
def test_the_reminder_after_an_email_counts_from_when_the_clock_is_set_back(
    services, frozen, hours
):
    frozen.forward(hours=hours)
    for name, minutes in (("punctual", 1), ("late", 90)):
        Notice.create(
            key=name, recipient=name, kind="archive_stopped", dedupe_key="x", status=SENT,
            created_at=clock.now(), sent_at=clock.now() + timedelta(minutes=minutes),
            next_attempt_at=clock.now(),
        )  # fmt: skip
    frozen.forward(hours=-hours)
    assert clock_set_back.bring_emails_back() == 2
    for notice in Notice.select():
        told = members.told_at([notice])
        assert told == clock.now()
        assert escalation.due(1, told, clock.now() + timedelta(hours=48)) == 1
        assert escalation.due(1, told, clock.now() + timedelta(hours=47)) is None
    assert clock_set_back.bring_emails_back() == 0


def test_what_was_owed_before_and_sent_while_the_clock_was_ahead_counts_from_then(services, frozen):
    began = clock.now()
    for name in ("in time", "early"):
        Notice.create(
            key=name, recipient=name, kind="archive_stopped", dedupe_key="x",
            created_at=began + timedelta(hours=3 if name == "early" else 0), next_attempt_at=began,
        )  # fmt: skip
    for number, ahead in zip(
        [one.id for one in Notice.select().order_by(Notice.id)], (3, 0), strict=True
    ):
        frozen.forward(hours=ahead)
        claimed = notices.claim(number, clock.now())
        assert notices.finish(claimed, SENT, clock.now())
        frozen.forward(hours=-ahead)
    assert clock_set_back.bring_emails_back() == 2
    assert {one.created_at for one in Notice} | {one.sent_at for one in Notice} == {began}
    assert clock_set_back.bring_emails_back() == 0


@pytest.mark.parametrize("model", [Notice, WebhookCall])
def test_an_index_finds_what_a_clock_that_was_ahead_noted(services, model, monkeypatch):
    run, asked = services.database.execute_sql, "EXPLAIN QUERY PLAN "
    if not dialects.file():
        run("SET enable_seqscan = off")
        asked = "EXPLAIN "
    told: list[tuple[str, list[object]]] = []
    with monkeypatch.context() as patched:
        patched.setattr(clock, "is_virtual", lambda: False)
        patched.setattr(
            services.database, "execute_sql", lambda *said: told.append(said) or run(*said)
        )
        clock_set_back._brought_back(model)
    sql, values = told[-1]
    plan = str(run(asked + sql, values).fetchall())
    assert "next_attempt_at" in plan
    assert "SCAN " not in plan
    assert "Seq Scan" not in plan


def test_a_message_that_cannot_be_made_keeps_nothing_from_the_others(services, frozen):
    with hooks.running() as server:
        settings = replace(services.settings, alarm_webhook_urls=(server.url,))
        services = replace(services, settings=settings)
        webhooks.put(services, "backup", "backup.1", {"since": "of a newer release"}, 0)
        webhooks.put(services, "backup", "backup.2", {"since": 1, "said": "x"}, 0)
        assert webhooks.deliver(services) == {"postponed": 1, "sent": 1}
        frozen.forward(hours=25)
        assert webhooks.deliver(services) == {"failed": 1}


def test_a_look_is_made_on_both(services, caplog):
    crowd(services, 2, last_success_at=clock.now())
    assert watch.look(services)
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []
    assert WebhookCall.select().where(WebhookCall.status == OBSOLETE).count() == 0
