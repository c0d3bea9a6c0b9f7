"""The plays of the member whose request this is, as they want them counted."""

from __future__ import annotations

from flask import g

from audiospective.accounts import hidden_artists, preferences
from audiospective.models import User
from audiospective.policy.counting import Counting, Measure, Rule
from audiospective.stats.figure_options import FigureOptions
from audiospective.stats.listening import Listening
from audiospective.web.access import person
from audiospective.web.context import services, zone_name


def listening() -> Listening:
    """What figures of this request are made of; made once. The view is `signed_in`."""
    if "listening" not in g:
        g.listening = of(person(), zone_name())
    found: Listening = g.listening
    return found


def of(member: User, zone: str) -> Listening:
    """What the figures of a member are made of, in an IANA zone; one query."""
    chosen = preferences.of(member)
    counting = Counting(Rule(chosen.counting_rule), Measure(chosen.counting_measure))
    return Listening(
        FigureOptions(
            user_id=member.id,
            zone=zone,
            counting=counting,
            week_start=chosen.week_start,
            hidden=hidden_artists.ids(member.id),
            polled=services().settings.derived_stats,
        )
    )
