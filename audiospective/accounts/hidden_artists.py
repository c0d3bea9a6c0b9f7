"""Artists that a member keeps out of figures; nothing is deleted, and each can come back."""

from __future__ import annotations

from audiospective import clock
from audiospective.history.catalog import lookup
from audiospective.history.catalog.entries import Kind
from audiospective.models import HiddenArtist
from audiospective.models.base import transaction

AT_MOST = 500  # of one member: the list is read with every figure


def ids(user_id: int) -> frozenset[int]:
    """Catalog ids of the artists that figures leave out; two small queries."""
    mine = HiddenArtist.select(HiddenArtist.artist).where(HiddenArtist.user == user_id)
    found = {artist for (artist,) in mine.tuples()}
    if not found:
        return frozenset()
    # An artist that turned out to be another one is renamed in these rows once a day.
    return frozenset(found | lookup.followed(Kind.ARTIST, found))


def newest_first(user_id: int) -> list[HiddenArtist]:
    """The rows, the latest hidden first."""
    mine = HiddenArtist.select().where(HiddenArtist.user == user_id)
    return list(mine.order_by(HiddenArtist.hidden_at.desc(), HiddenArtist.artist))


def hide(user_id: int, artist: int) -> bool:
    """Leave an artist out from now on; False if the list is full. Hiding twice changes nothing."""
    with transaction():
        if HiddenArtist.select().where(HiddenArtist.user == user_id).count() >= AT_MOST:
            return artist in ids(user_id)
        HiddenArtist.insert(
            user=user_id, artist=artist, hidden_at=clock.now()
        ).on_conflict_ignore().execute()
    return True


def show(user_id: int, artist: int) -> bool:
    """Count an artist again; False if they were not hidden."""
    mine = (HiddenArtist.user == user_id) & (HiddenArtist.artist == artist)
    return bool(HiddenArtist.delete().where(mine).execute())
