"""Tracks that stand for one another: Spotify answers with one where another was played."""

from __future__ import annotations

from collections.abc import Iterable

from audiospective.history import bulk_select
from audiospective.models import TrackLink
from audiospective.policy.plays import PolledPlay

_OF = (
    "(SELECT COALESCE(l.stands_for, x.spotify_id) FROM tracks x"
    " LEFT JOIN track_links l ON l.spotify_id = x.spotify_id WHERE x.id = {track})"
)
# A condition on two of our ids of tracks, to be formatted with `one` and `other`.
SAME = f"{_OF.format(track='{one}')} = {_OF.format(track='{other}')}"


def remember(plays: Iterable[PolledPlay]) -> None:
    """Keep which tracks stand for which; costs nothing where no play says so."""
    pairs = {(p.track.spotify_id, p.linked_from) for p in plays if p.linked_from}
    if not pairs:
        return
    known = dict(
        bulk_select.select(
            "SELECT spotify_id, stands_for FROM track_links WHERE spotify_id {among}",
            sorted({spotify_id for pair in pairs for spotify_id in pair if spotify_id}),
        )
    )
    for answered, played in sorted(pairs):
        assert played is not None
        of_all = known.get(played) or known.get(answered) or played
        for spotify_id in (answered, played):
            if spotify_id != of_all and known.setdefault(spotify_id, of_all) == of_all:
                row = TrackLink.insert(spotify_id=spotify_id, stands_for=of_all)
                row.on_conflict_ignore().execute()
