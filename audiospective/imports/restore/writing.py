"""Puts a bundle back into an archive that holds nothing but what was polled since, all at once."""

from __future__ import annotations

from typing import Any

import orjson
import polars as pl

from audiospective import clock
from audiospective.clients.storage import MissingError
from audiospective.history import (
    bulk_add,
    flags,
    lock,
    reading,
    removal,
    segment,
    within_a_second,
)
from audiospective.history.catalog import restored
from audiospective.imports import storing
from audiospective.imports.claims import Claim
from audiospective.imports.errors import RefusedError
from audiospective.imports.restore import bundle_tables, coverage, member_rows
from audiospective.models import Import, RemovedPlay, UnreadablePlay, User
from audiospective.models.imports import DONE
from audiospective.models.plays import FROM_POLL
from audiospective.policy.timing import SECOND
from audiospective.services import Services

CHUNK = 200  # rows a statement
NOT_EMPTY = (
    "Your archive has changed since the bundle was read. Send it again: then its plays are added to"
    " those that you have."
)
GONE = "What was kept of this import is not there any more, so nothing was changed."


class UnfaithfulError(Exception):
    """What was written does not read back as the bundle has it; nothing was changed."""


def possible(user_id: int) -> bool:
    """Whether an archive holds only polled plays: nothing imported, deleted or put in order."""
    if RemovedPlay.select().where(RemovedPlay.user == user_id).exists():
        return False
    if Import.select().where((Import.user == user_id) & (Import.status == DONE)).exists():
        return False
    known = reading.frame(user_id, columns=("source", "import_id"))
    polled = (pl.col("source") == FROM_POLL) & pl.col("import_id").is_null()
    return known.filter(~polled).is_empty()


def restores(user_id: int) -> list[int]:
    """Imports that put a bundle back: done, and never committed row by row."""
    query = Import.select(Import.id).where(
        (Import.user == user_id)
        & (Import.status == DONE)
        & Import.committed_at.is_null()
        & ~Import.live
    )
    return [one for (one,) in query.tuples()]


def write(services: Services, claim: Claim) -> None:
    """Restore what the child process left; raises RefusedError, LostError, UnfaithfulError."""
    found = _found(services, claim.row)
    state = orjson.loads(found[bundle_tables.STATE])
    tracks = pl.read_parquet(found[bundle_tables.TRACKS])
    plays = pl.read_parquet(found[bundle_tables.PLAYS])
    removed = pl.read_parquet(found[bundle_tables.REMOVED])
    del found
    claim.beat()
    numbers = restored.remember(tracks)
    claim.beat()
    plays = segment.merge([_ours(plays, numbers, claim.id)])
    removed = _ours(removed, numbers, claim.id).unique(segment.KEY, keep="first")
    user = User.get_by_id(claim.user_id)
    with lock.held(user.id):
        if not possible(user.id):
            raise RefusedError(NOT_EMPTY)
        here = reading.frame(user.id, columns=segment.KEY)
        plays, removed = (_at_ends_told_here(one, plays, here) for one in (plays, removed))
        # Two tracks of the bundle may be one here: a play that was not deleted stays.
        removed = removed.join(plays, on=segment.KEY, how="anti")
        shared = here.join(plays.select(segment.KEY), on=segment.KEY, how="semi")
        _bury(user.id, removed)
        added = bulk_add.absorb(user.id, plays)
        _prove(user.id, plays, here)
        gaps = coverage.restore(
            user.id, state, claim.id, shared["played_at"].to_physical().to_list()
        )
        _unreadable(user.id, state["unreadable"])
        member_rows.settings(user, state["settings"], state["display_name"])
        member_rows.belongings(user.id, state["belongings"], _catalog(tracks, numbers))
        _done(claim, state, added, gaps)
    # Of what was polled the bundle may know by a beginning or a minute: the next round looks.
    storing.drop(services.storage, claim.row)


def _found(services: Services, row: Import) -> dict[str, bytes]:
    try:
        return {
            name: services.storage.get(f"{storing.home(row)}/{name}") for name in bundle_tables.OUT
        }
    except MissingError:
        raise RefusedError(GONE) from None


def _ours(plays: pl.DataFrame, numbers: dict[int, int], import_id: int) -> pl.DataFrame:
    """The same plays with this catalog's tracks; what an import told was told by this one."""
    table = pl.DataFrame(
        {"track": list(numbers), "ours": list(numbers.values())},
        schema={"track": pl.Int32, "ours": pl.Int32},
    )
    told = pl.when(pl.col("import_id").is_not_null()).then(pl.lit(import_id, pl.Int32))
    return (
        plays.with_columns(told.alias("import_id"))
        .join(table, on="track", how="left", maintain_order="left")
        .with_columns(track="ours")
        .drop("ours")
    )


def _at_ends_told_here(some: pl.DataFrame, plays: pl.DataFrame, here: pl.DataFrame) -> pl.DataFrame:
    """Plays of a bundle that checks here tell with another fraction of their second, at that end.

    `some` are all `plays` of the bundle or the deleted ones. Else each would be there twice.
    """
    at, there = (pl.col(name).to_physical() for name in ("played_at", "told_at"))
    others = here.join(plays, on=segment.KEY, how="anti").join(some, on=segment.KEY, how="anti")
    polled = some.filter(pl.col("source") & FROM_POLL != 0).select(segment.KEY)
    less = within_a_second.LESS
    # By second and the two beside it: of one song heard all night each with each would be millions.
    beside = [(there // SECOND + one).alias(str(one)) for one in (-1, 0, 1)]
    near = others.rename({"played_at": "told_at"}).with_columns(
        pl.concat_list(beside).alias("near")
    )
    moves = (
        polled.with_columns(near=at // SECOND)
        .join(near.explode("near"), on=["track", "near"])
        .drop("near")
        .filter((at - there).is_between(-less, less) & ((at % SECOND == 0) | (there % SECOND == 0)))
        .sort("track", "played_at", "told_at")
        .unique(segment.KEY, keep="first", maintain_order=True)
        .unique(["told_at", "track"], keep="first", maintain_order=True)
    )
    if moves.is_empty():
        return some
    told = some.join(moves, on=segment.KEY, how="left", maintain_order="left")
    return told.with_columns(pl.coalesce("told_at", "played_at").alias("played_at")).select(
        some.columns
    )


def _bury(user_id: int, removed: pl.DataFrame) -> None:
    stones = []
    for row in removed.with_columns(pl.col("played_at", "removed_at").to_physical()).to_dicts():
        at, undoable = row.pop("removed_at"), row.pop("undoable")
        row["flags"] = flags.pack({name: row.pop(name) for name in flags.NAMES})
        stones.append(
            {
                "user": user_id,
                "played_at": row["played_at"],
                "track": row["track"],
                "removed_at": clock.from_ms(at),
                "kept": orjson.dumps(row).decode() if undoable else removal.left(row),
            }
        )
    for start in range(0, len(stones), CHUNK):
        RemovedPlay.insert_many(stones[start : start + CHUNK]).on_conflict_ignore().execute()


def _prove(user_id: int, plays: pl.DataFrame, here: pl.DataFrame) -> None:
    """Every play of the bundle reads back as it was told, but for those that polls brought, too."""
    told = reading.without_removed(user_id, plays).join(here, on=segment.KEY, how="anti")
    kept = told.select(segment.COLUMNS).sort(segment.KEY)
    found = reading.frame(user_id).join(kept.select(segment.KEY), on=segment.KEY, how="semi")
    found = found.sort(segment.KEY)
    if found.select(segment.KEY).equals(kept.select(segment.KEY)):
        # Polls go on meanwhile: that one told a play, too, and from what context, is no damage.
        polled = (found["source"] & ~kept["source"]) == FROM_POLL
        kept = kept.with_columns(
            source=pl.when(polled).then(pl.col("source") | FROM_POLL).otherwise("source"),
            context=pl.when(polled & kept["context"].is_null())
            .then(found["context"])
            .otherwise("context"),
        )
    if not found.equals(kept):
        raise UnfaithfulError(f"the restored archive of member {user_id} reads back changed")


def _unreadable(user_id: int, told: list[dict[str, Any]]) -> None:
    items = [{**one, "user": user_id, "seen_at": clock.from_ms(one["seen_at"])} for one in told]
    for start in range(0, len(items), CHUNK):
        UnreadablePlay.insert_many(items[start : start + CHUNK]).on_conflict_ignore().execute()


def _catalog(tracks: pl.DataFrame, numbers: dict[int, int]) -> member_rows.Numbers:
    """Our numbers of tracks, artists and albums by those of the bundle."""
    from audiospective.history.catalog import track_facts

    ours = track_facts.of(pl.Series("track", list(numbers.values()), dtype=pl.Int32))
    facts = dict(zip(ours["track"], ours.select(track_facts.KEYS).rows(), strict=True))
    artists: dict[int, int] = {}
    albums: dict[int, int] = {}
    for number, album, credited in tracks.select("track", *track_facts.KEYS).rows():
        our_album, our_artists = facts[numbers[number]]
        if album is not None and our_album is not None:
            albums.setdefault(album, our_album)
        artists |= dict(zip(credited or (), our_artists or (), strict=False))
    return {"tracks": numbers, "artists": artists, "albums": albums}


def _done(claim: Claim, state: dict[str, Any], added: bulk_add.Absorbed, gaps: int) -> None:
    from audiospective.imports.findings import Findings

    found = Findings.loads(claim.row.findings)
    found.restore = {**(found.restore or {}), "gaps": gaps}
    claim.end(
        DONE,
        {
            "findings": found.dumps(),
            "rows": state["plays"],
            "added": added.added,
            "matched": state["plays"] - added.added - added.removed,
            "skipped": added.removed,
            "kept_bytes": 0,
        },
    )
