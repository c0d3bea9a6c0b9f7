"""What Spotify shows again counts as known, however many newer plays there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from audiospective import clock, history
from audiospective.history import bulk_add, replacing, sealing
from audiospective.models import Play
from audiospective.models.gaps import Gap
from audiospective.policy.sealing import TRIGGER
from tests.factories import connected, listening, page, play
from tests.history.test_any_order import imported
from tests.polling.test_other_account import attached, detached, polled, spread

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def with_another_account_before(services, spotify, frozen):
    """Whose archive has 200 plays of two days from another Spotify account than it has by now."""
    user_id = connected(services, authorized_at=clock.now()).user_id
    for _ in range(4):
        polled(services, spotify, user_id, listening(clock.now(), 50, prefix="first"))
        frozen.forward(hours=12)
    detached(services, user_id)
    attached(services, user_id, "bob")
    frozen.forward(minutes=1)
    return user_id


def sealed(user_id):
    sealing.seal(user_id)


def written_anew(user_id):
    before = replacing.snapshot(user_id)
    replacing.replace(user_id, before, before.plays)


def brought(user_id):
    bulk_add.absorb(user_id, imported([(1_000 * n, 1) for n in range(1, 300)]))


@pytest.mark.parametrize(
    ("moved", "over"),
    [(sealed, 4 * DAY), (sealed, 180 * DAY), (written_anew, 4 * DAY), (brought, 180 * DAY)],
)
def test_plays_of_the_account_before_push_out_none_of_the_one_that_is_asked(
    services, spotify, frozen, moved, over
):
    user_id = with_another_account_before(services, spotify, frozen)
    found = spread(50, over)
    assert polled(services, spotify, user_id, found).new_plays == 50
    moved(user_id)
    told, gaps = history.frame(user_id).height, Gap.select().count()
    frozen.forward(hours=1)
    assert polled(services, spotify, user_id, found).new_plays == 0
    assert history.total(user_id) == history.frame(user_id).height == told
    assert Gap.select().count() == gaps


def test_so_they_do_where_spotify_tells_another_fraction_of_a_second_by_now(
    services, spotify, frozen
):
    user_id = with_another_account_before(services, spotify, frozen)
    found = spread(50, 4 * DAY)
    assert polled(services, spotify, user_id, found).new_plays == 50
    told = history.frame(user_id).height
    later = tuple(replace(one, played_at=one.played_at + 480) for one in found.plays)
    for _ in range(2):
        frozen.forward(hours=1)
        assert polled(services, spotify, user_id, page(*later)).new_plays == 0
        sealing.seal(user_id)
    assert history.total(user_id) == history.frame(user_id).height == told


def test_plays_of_a_device_whose_clock_is_ahead_push_out_none_that_the_last_page_showed(
    services, spotify, frozen
):
    """In a feed of what came last; in one of what is newest they would leave no room for others."""
    user_id = connected(services, authorized_at=clock.now()).user_id
    feed = [*listening(clock.now(), 50).plays]
    polled(services, spotify, user_id, page(*feed))
    for hours in range(14):
        frozen.forward(hours=1)
        for back in reversed(range(12)):
            at = clock.now() - back * 4 * MINUTE
            feed += [play(at, f"mine {back}"), play(at + 400 * DAY, f"ahead {back}")]
        assert polled(services, spotify, user_id, page(*feed[-50:])).new_plays == 24, hours
        sealing.seal(user_id)
    assert history.total(user_id) == history.frame(user_id).height == 386
    assert Play.select().count() <= TRIGGER
    assert Gap.select().count() == 0
