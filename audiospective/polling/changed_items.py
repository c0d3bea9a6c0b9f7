"""Items of a page that are known in another form: unreadable once, readable another time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from audiospective import clock
from audiospective.history import known_items
from audiospective.history.append import Appended
from audiospective.policy.gaps import Seen


def recognized(
    user_id: int, page: Appended, seen: list[Seen], doubted: Collection[datetime]
) -> list[Seen]:
    """What was seen, where the items of the times in doubt may be known in another form.

    What was readable may come back without its track, and what was unreadable may be read again:
    only the time stays the same, but for the fraction of its second.
    """
    known = {at for at in doubted if _is_known_otherwise(user_id, page, at)}
    return [Seen(item.at, item.new and item.at not in known) for item in seen]


def _is_known_otherwise(user_id: int, page: Appended, instant: datetime) -> bool:
    plays, digests = known_items.at(user_id, instant)
    ms = clock.to_ms(instant)
    is_new_play = any(at == ms for at, _ in page.plays)
    return bool(digests - page.unreadable or (not is_new_play and plays - page.plays))
