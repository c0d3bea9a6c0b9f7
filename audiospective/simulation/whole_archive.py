"""The whole archive of a member, read back every day, against what was offered.

Comparing it as a whole takes longer every day. So what was right the last time is held against
what is read now, in columns, and only what differs against what was offered since; where that does
not fit, everything is compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import polars as pl

from audiospective import history
from audiospective.history.catalog import lookup
from audiospective.history.closed.away import YearAwayError
from audiospective.simulation import member_files
from audiospective.simulation.members import Member
from audiospective.simulation.spotify_side import Key, SpotifySide

KEY = ["played_at", "track"]


class Names:
    """Spotify's ids of tracks by the catalog's, looked up once."""

    def __init__(self, every: dict[str, object]) -> None:
        # What the sandbox answers under another id counts as what was played.
        self._played = {f"{one[:-1]}R": one for one in every}
        self._known: dict[int, str] = {}

    def keys(self, plays: pl.DataFrame) -> list[Key]:
        """Plays as the oracle knows them."""
        times, tracks = plays["played_at"].to_list(), plays["track"].to_list()
        missing = set(tracks) - self._known.keys()
        for number, found in lookup.tracks(missing).items() if missing else ():
            told = str(found.spotify_id)
            self._known[number] = self._played.get(told, told)
        return list(zip(times, map(self._known.__getitem__, tracks), strict=True))


class Reader:
    """Reads one member's archive again and again."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._right: pl.DataFrame | None = None  # all plays, when they were last found right
        self._imported: set[Key] = set()  # of them those that only a file told of

    def check(self, member: Member, side: SpotifySide) -> Iterator[str]:
        """Every play that was offered and written stands in the archive once, and no other does."""
        yield from member_files.troubles(member)
        try:
            plays = history.frame(member.user_id, columns=KEY)
        except YearAwayError as error:
            yield f"member {member.user_id}: {error}"
            return
        plays = plays.with_columns(pl.col("played_at").to_physical())
        imported = member_files.counts(member)
        if not self._goes_on(plays, side, imported):
            wrong = list(self._compared(plays, side.archived | imported))
            yield from (f"member {member.user_id}: {text}" for text in wrong)
            if wrong:
                self._right = None
                return
        self._right, self._imported = plays, imported
        side.fresh.clear()

    def _goes_on(self, plays: pl.DataFrame, side: SpotifySide, imported: set[Key]) -> bool:
        """Whether all that changed is what was offered since, and what a file brought or took."""
        if self._right is None or plays.n_unique() < plays.height:
            return False
        new = self._names.keys(plays.join(self._right, on=KEY, how="anti"))
        gone = self._names.keys(self._right.join(plays, on=KEY, how="anti"))
        before = side.archived - side.fresh if imported != self._imported else set()
        # Of what is offered some was there already, from a file.
        offered = side.fresh - self._imported
        brought = imported - self._imported - before
        taken = self._imported - imported - side.archived
        once = len(new) == len(set(new))
        return once and set(new) == offered | brought and set(gone) == taken

    def _compared(self, plays: pl.DataFrame, expected: set[Key]) -> Iterator[str]:
        every = self._names.keys(plays)
        found = set(every)
        twice = [key for key, count in Counter(every).items() if count > 1]
        missing, foreign = expected - found, found - expected
        for what, keys in (
            ("twice", twice),
            ("not", missing),
            ("though nobody offered it", foreign),
        ):
            if keys:
                yield f"{len(keys)} plays are archived {what}, as {min(keys)}"
