"""What the instant of a play is in this project's files for other programs."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypeGuard

import polars as pl

from audiospective.policy import own_rows
from audiospective.policy.timing import BY_HEARD, BY_START, OF_SENDER, SECOND

FORMS = ("listenbrainz", "maloja", "koito")  # the sources that such files are of
# The note of a file with plays that an archive like this one wrote: it has what that one had, and
# says nothing of what is missing there.
NOTE = "own_plays"
SENT_ON = "Audiospective"  # how plays are signed that were sent on as they came
_MARK, _PLATFORM = rf"^({own_rows.MARK})(?:, |$)", rf"(?s)^{own_rows.MARK}, (.+)$"


def ours(sender: object) -> TypeGuard[str]:
    return isinstance(sender, str) and sender in OF_SENDER


def instants(sender: str, at: int | None, played: int | None) -> dict[str, Any]:
    """`started_at` or `ended_at`, with `precision`, of a play that is written as at `at` (UTC ms).

    `sender` is one of `ours`. Releases before 0.3 wrote the one of an end for all plays.
    """
    timing = OF_SENDER[sender]
    if at is not None and timing in BY_HEARD and played is not None:
        # Cut to a second was the sum: most sources tell the beginning in whole seconds.
        return {"started_at": -(-(at - played) // SECOND) * SECOND, "precision": timing.precision}
    side = "started_at" if timing in BY_START else "ended_at"
    return {side: at, "precision": timing.precision}


def marks(told: pl.DataFrame) -> pl.DataFrame:
    """Rows of Spotify's form with the `mark` of this program apart from their `platform`.

    Either may be null. The texts are those of the file, not yet cut to what may be stored.
    """
    platform = pl.col("platform")
    mark = platform.str.extract(_MARK)
    return told.with_columns(
        mark.alias("mark"),
        pl.when(mark.is_null()).then(platform).otherwise(platform.str.extract(_PLATFORM)),
    )


def rows(plays: pl.DataFrame, notes: Counter[str]) -> pl.DataFrame:
    """Rows of Spotify's form, those that this program wrote by what they say of themselves.

    `plays` have `mark` (as `marks` gives it), `started_at`, `ended_at`, `precision`, `ms_played`
    and `reason_end`. What was filled in is unknown again; a beginning to which a length was added
    is one again.
    """
    for mark in plays["mark"].unique().drop_nulls():
        told = own_rows.written(mark)
        mine = pl.col("mark") == mark
        notes[NOTE] += int(plays.select(mine.sum()).item())
        ended, played, precision = pl.col("ended_at"), pl.col("ms_played"), told.timing.precision
        whole = played.fill_null(0) // SECOND * SECOND
        heard = "ms_played" not in told.filled and played.is_not_null()
        began = pl.lit(None, pl.Int64)
        if told.timing in BY_START:
            began = ended - whole if "ts" in told.filled else ended
        elif told.timing in BY_HEARD:
            began = pl.when(heard).then(-(-(ended - played) // SECOND) * SECOND)
        changed: dict[str, pl.Expr] = {
            "started_at": began,
            "ended_at": pl.when(began.is_null()).then(ended),
            "precision": pl.max_horizontal("precision", pl.lit(precision, pl.Int32)),
            **{name: pl.lit(None) for name in ("ms_played", "reason_end") if name in told.filled},
        }
        plays = plays.with_columns(
            pl.when(mine).then(new).otherwise(name).alias(name) for name, new in changed.items()
        )
    return plays
