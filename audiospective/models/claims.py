"""Claims: a worker takes connections for itself, and writes only while they are still its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

from peewee import SQL

from audiospective.models.apps import SpotifyApp
from audiospective.models.base import (
    LONG_AGO,
    Prepared,
    clock_text,
    database,
    given,
    given_list,
    placeholder,
    transaction,
)
from audiospective.models.connections import ACTIVE, NOT_ALLOWED, Connection
from audiospective.models.dialects import among, skip_locked

LEASE = timedelta(seconds=60)  # longer than a batch may take, so a live worker never loses it
_OFFSETS = "SELECT id, minute_offset FROM users WHERE id"
_ANY = 32_767  # more claims than the column can count
NOTHING: Mapping[Any, Any] = {}
POLLED = (ACTIVE, NOT_ALLOWED)  # an account that is not on the app's list is looked at again


@dataclass(frozen=True)
class Claim:
    """One connection as it stood when it was claimed; times are the database's."""

    connection: Connection
    claimed_at: datetime
    minute_offset: int = 0

    @cached_property
    def user_id(self) -> int:
        return int(self.connection.user_id)

    @cached_property
    def app_id(self) -> int:
        return int(self.connection.app_id)

    @property
    def unfinished_before(self) -> int:
        """Earlier claims in a row whose worker never reported back."""
        return int(self.connection.unfinished_claims) - 1


def claim(
    user_ids: Collection[int], before: datetime, *, suspects_below: int | None = None
) -> list[Claim]:
    """Take those that may be polled and are due before `before`; one statement, database clock.

    A row that another worker holds, whose circuit is open or whose app is blocked is left alone.
    With `suspects_below`, so is one with that many unfinished claims: it is polled by itself.
    """
    if not user_ids:
        return []
    below = _ANY if suspects_below is None else suspects_below
    with transaction():
        claimed = _CLAIM.run(user_ids=list(user_ids), before=before, below=below)
        rows = sorted(claimed, key=lambda row: row.user_id)
        offsets = dict(among(_OFFSETS, [row.user_id for row in rows]))
        return [Claim(row, row.lease_until - LEASE, offsets[row.user_id]) for row in rows]


def blocked(now: Any) -> Any:
    """The condition that an app may not call at `now`."""
    return SpotifyApp.blocked_until > now


def _claim(now: Any) -> Any:
    free = (
        Connection.user.in_(given_list("user_ids"))
        & Connection.status.in_(POLLED)
        & (Connection.lease_until <= now)
        & (Connection.circuit_open_until <= now)
        & (Connection.next_poll_at < given("before"))
        & (Connection.unfinished_claims < given("below"))
        & Connection.app.not_in(SpotifyApp.select(SpotifyApp.id).where(blocked(now)))
    )
    # Rows that another claim is just taking are not worth waiting for.
    chosen = skip_locked(Connection.user, free)
    taken = Connection.update(
        lease_until=now + LEASE // timedelta(milliseconds=1),
        fence=Connection.fence + 1,
        unfinished_claims=Connection.unfinished_claims + 1,
    )
    return taken.where(chosen).returning(Connection)


_CLAIM = Prepared(Connection, _claim)


def write(claim: Claim, values: Mapping[Any, Any]) -> bool:
    """Write plain values to a claimed connection; False, and nothing written, once it is lost.

    Every poll ends here, so the text of the statement is made once for each set of columns:
    building it anew takes longer than running it.
    """
    now, instant = clock_text()
    text = _statement(tuple(column.column_name for column in values), placeholder(), now)
    given = [column.db_value(value) for column, value in values.items()]
    changed = database.execute_sql(
        text, (*given, claim.user_id, claim.connection.fence, *instant)
    ).rowcount
    return bool(changed)


def rotate(claim: Claim, values: Mapping[Any, Any], spent: str) -> bool:
    """Write tokens to a connection that still has the (encrypted) refresh token `spent`, whoever
    holds it; False, and nothing written, if it has another one by now."""
    mark = placeholder()
    settings = ", ".join(f"{column.column_name} = {mark}" for column in values)
    given = [column.db_value(value) for column, value in values.items()]
    changed = database.execute_sql(
        f"UPDATE connections SET {settings} "  # noqa: S608 - names of our own columns
        f"WHERE user_id = {mark} AND {Connection.refresh_encrypted.column_name} = {mark}",
        (*given, claim.user_id, spent),
    ).rowcount
    return bool(changed)


def count_plays(claim: Claim, added: int) -> None:
    """So many plays more were archived by polling; a constant statement, like `write`."""
    mark = placeholder()
    database.execute_sql(
        f"UPDATE connections SET plays_archived = plays_archived + {mark} "  # noqa: S608 - ours
        f"WHERE user_id = {mark}",
        (added, claim.user_id),
    )


@lru_cache(maxsize=64)
def _statement(columns: tuple[str, ...], mark: str, now: str) -> str:
    settings = ", ".join(f"{column} = {mark}" for column in columns)
    return (
        f"UPDATE connections SET {settings} "  # noqa: S608 - names of our own columns
        f"WHERE user_id = {mark} AND fence = {mark} AND lease_until > {now}"
    )


def settle(claim: Claim, values: Mapping[Any, Any]) -> bool:
    """Like `write`, and the claim ends with it: the worker reported back."""
    return write(claim, {**values, Connection.lease_until: LONG_AGO})


def release(claim: Claim, values: Mapping[Any, Any] = NOTHING) -> bool:
    """Give a connection back unpolled, as if it had not been claimed, but for `values`."""
    return settle(claim, {Connection.unfinished_claims: claim.unfinished_before, **values})


def abandoned() -> dict[int, int]:
    """People whose lease ran out, with the fence of their claim.

    Their worker is gone, and their poll is still to be done.
    """
    return dict(_ABANDONED.run().tuples())


def _abandoned(now: Any) -> Any:
    return (
        Connection.select(Connection.user, Connection.fence)
        .where(
            (Connection.lease_until > SQL("0"))  # as in the index, else SQLite does not use it
            & (Connection.lease_until <= now)
            & Connection.status.in_(POLLED)
        )
        .order_by(Connection.user)
    )


_ABANDONED = Prepared(Connection, _abandoned)
