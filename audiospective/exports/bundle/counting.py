"""What the figures of a bundle count: by the member's rule and measure, without hidden artists."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from audiospective.accounts import preferences
from audiospective.models import HiddenArtist, User
from audiospective.policy.counting import RULES, Measure, Rule
from audiospective.stats import prepared_plays

FACTS = ("duration", "gone")


@dataclass(frozen=True)
class Counted:
    """`hidden` are catalog ids of artists. By default every play counts."""

    rule: Rule = Rule.ALL
    hidden: frozenset[int] = frozenset()
    by_time: bool = False

    @property
    def everything(self) -> bool:
        return self.rule is Rule.ALL and not self.hidden

    @property
    def words(self) -> str:
        """What figures count, for the page: `plays heard to the end, by time`."""
        said = f"plays {RULES[self.rule]}".rstrip()
        said = f"{said} without hidden artists" if self.hidden else said
        return f"{said}, by time" if self.by_time else said

    def facts(self, tracks: pl.DataFrame) -> pl.DataFrame:
        """`track` and FACTS of a snapshot's tracks, for `which`."""
        credited = tracks.select("track", "artist_keys").explode("artist_keys")
        hidden = credited.filter(pl.col("artist_keys").is_in(sorted(self.hidden)))["track"]
        return tracks.select(
            "track",
            pl.col("duration_ms").alias("duration"),
            pl.col("recording").is_in(hidden.implode()).alias("gone"),
        )

    def which(self) -> pl.Expr:
        """Whether a play counts; of frames with ms_played, reason_end and FACTS."""
        return prepared_plays.counts(self.rule) & ~pl.col("gone")

    def heard(self) -> pl.Expr:
        """Milliseconds of a play, of the same frames: the whole track where nobody told."""
        return pl.coalesce("ms_played", "duration", 0).cast(pl.Int32)

    def amount(self) -> pl.Expr:
        """What figures add up of a play, as stats.prepared_plays does."""
        return self.heard().cast(pl.Int64) if self.by_time else pl.lit(1, pl.Int8)


def of(user: User) -> Counted:
    """As the figures of a member's own pages count."""
    rows = HiddenArtist.select(HiddenArtist.artist).where(HiddenArtist.user == user.id).tuples()
    chosen = preferences.of(user)
    hidden = frozenset(one for (one,) in rows)
    return Counted(Rule(chosen.counting_rule), hidden, chosen.counting_measure == Measure.TIME)
