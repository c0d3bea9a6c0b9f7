"""The outbox of webhooks on both kinds of database."""

from __future__ import annotations

from dataclasses import replace

from audiospective import clock
from audiospective.models import webhook_calls
from audiospective.models.webhook_calls import OBSOLETE, WebhookCall
from audiospective.notices import webhooks
from audiospective.operations import watch
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
