"""A consent that ends after six months is noticed, and so is that nobody was told of it before."""

from __future__ import annotations

import pytest

from audiospective import clock
from audiospective.models import Connection
from audiospective.notices import delivery, owing
from audiospective.simulation import ended_consents, members
from audiospective.simulation.email_checks import EmailChecks
from audiospective.simulation.instance import running
from audiospective.simulation.run import Plan, Result, Run
from audiospective.simulation.timeline import DAY


@pytest.mark.parametrize("told", [True, False])
def test_whoever_was_not_told_before_the_end_of_six_months_is_noticed(told):
    with running(1, share=0) as instance:
        alice = members.join(instance, 1, 1)
        assert list(ended_consents.noticed(instance, alice)) == []
        due = Connection.get_by_id(alice.user_id).reauth_due_at
        instance.timeline.to(clock.to_ms(due) - 5 * DAY)
        if told:
            owing.owe(instance.services, "renewal")
            delivery.drain(instance.services, wait=lambda _: None)
        instance.timeline.to(clock.to_ms(due) - 1)
        assert list(ended_consents.noticed(instance, alice)) == []
        assert members.holds_a_living_token(instance, alice)
        instance.timeline.to(clock.to_ms(due))
        assert bool(list(ended_consents.noticed(instance, alice))) != told
        assert not members.holds_a_living_token(instance, alice)
        assert alice.refused_since == clock.to_ms(due)
        assert list(ended_consents.noticed(instance, alice)) == []


def test_the_daily_look_notices_an_end_and_whoever_is_told_of_it_is_told_rightly():
    plan = Plan(2, 1, 1, "none", None)
    with running(1, share=0) as instance:
        run = Run(plan, instance, Result(plan))
        alice, bob = run.people
        due = Connection.get_by_id(bob.user_id).reauth_due_at
        instance.timeline.to(clock.to_ms(due) + DAY)
        told = list(EmailChecks(instance, run.by_id)._is_true(alice.user_id))
        assert [alice.refused_since, bob.refused_since] == [clock.to_ms(due), None]
        run.oracle.check_archives()
        assert bob.refused_since == clock.to_ms(due)
        assert ["no e-mail said so before" in one for one in [*told, *run.oracle.wrong]] == [
            True
        ] * 2
