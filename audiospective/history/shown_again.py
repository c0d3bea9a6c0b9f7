"""Rows that Spotify may show again: they stay rows, by which a poll knows them."""

from __future__ import annotations

from collections.abc import Sequence

from audiospective import clock
from audiospective.history import within_a_second
from audiospective.models import Connection
from audiospective.policy import sealing
from audiospective.policy.sealing import Span


def spans(user_id: int, polled: Sequence[int], keep: int) -> list[Span]:
    """Between which ends they lie; see policy.sealing.shown_again."""
    where = Connection.user == user_id
    page_from = Connection.select(Connection.page_from).where(where).scalar()
    # A row has the fraction of a second that was told first, the page perhaps another one.
    since = page_from and clock.to_ms(page_from) - within_a_second.LESS
    return sealing.shown_again(polled, since, keep)
