"""What readers of scrobbles have in common: music with a title and an artist, by whole seconds."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from audiospective.exports import frames
from audiospective.exports.formats import changes as kinds
from audiospective.exports.formats.changes import Changes

KINDS = {"episode": "a podcast", "chapter": "an audiobook"}
Rule = tuple[pl.Expr, str]  # what cannot be taken, and why
# Columns of tracks that `takeable` looks at.
FACTS = ("kind", *kinds.FACTS)
_COMMON: Sequence[Rule] = (
    (pl.col("kind") == "episode", "a podcast, and this form is for music"),
    (pl.col("kind") == "chapter", "an audiobook, and this form is for music"),
    (frames.blanks("title"), "its title is nothing but blanks"),
    (frames.blanks("artist"), "its artist is nothing but blanks"),
    (frames.known("title").is_null(), "its title is not known"),
    (frames.known("artist").is_null(), "its artist is not known"),
)


def takeable(plays: pl.DataFrame, changes: Changes | None, *rules: Rule) -> pl.DataFrame:
    """The plays of a slice that readers take; all of them in a faithful export.

    The others are told to `changes`, with the first reason that fits. The slice has FACTS.
    """
    if changes is None:
        return plays
    reason = pl.coalesce(*(pl.when(unfit).then(pl.lit(why)) for unfit, why in (*_COMMON, *rules)))
    changes.note(plays, kinds.LEFT_OUT, reason)
    return plays.filter(reason.is_null())


def names() -> pl.Expr:
    """The artists of a track that have a name."""
    named = pl.element().filter(pl.element().str.strip_chars() != "")
    return pl.col("artists").list.eval(named).alias("artists")
