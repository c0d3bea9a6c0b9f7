"""What a page can tell: whether a play can have come and gone unseen before it."""

from __future__ import annotations

import pytest

from audiospective.simulation.losses import Item, Page, could_be_lost


def page(at, items, new=()):
    window = tuple(sorted(items, key=lambda item: item.order, reverse=True)[:50])
    return Page(at, window, tuple(one for one in window if one.shown and one.dated), frozenset(new))


def without_a_time(first, last):
    return [Item(at, at, at, dated=False) for at in range(first, last)]


@pytest.mark.parametrize(("at", "possible"), [(150, True), (250, True), (395, False)])
def test_items_without_a_time_prove_nothing_of_the_time_before_a_page(at, possible):
    before = [Item(at, at, at) for at in range(12)]
    older, newer = without_a_time(20, 58), without_a_time(100, 128)
    new = [Item(at, at, at) for at in (390, 393)]
    last = page(101, before + older)
    now = page(400, [*older, *newer, *new], new)
    assert could_be_lost(now, last, at, late=False, since=0, settled=5) == possible


def test_another_page_may_lack_as_much_as_one_that_lacks_more_than_pages_do():
    """Twelve of fifty are not shown, and all that is shown was played since the last check."""
    old = [Item(n, n, n) for n in range(1, 51)]
    new = [Item(100 + n, 100 + n, 100 + n, shown=n % 4 != 0) for n in range(1, 51)]
    assert sum(not item.shown for item in new) == 12
    last, now = page(60, old), page(200, new, new)
    assert could_be_lost(now, last, 80, late=False, since=0, settled=5)
