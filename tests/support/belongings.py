"""Something of a member in every column of every table, made from the schema of the database."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from itertools import count
from typing import Any

from audiospective.models import database, dialects
from audiospective.services import Services

TOP = "users"
_numbers = count(700_000_001)  # smaller ones may be anything


@dataclass
class Belongings:
    """`values` are unlike anything else in the database; `rows` tells the key of each table's."""

    user_id: int
    tag: str
    values: list[Any] = field(default_factory=list)
    rows: dict[str, Any] = field(default_factory=dict)


@cache
def schema() -> dict[str, dict[str, str]]:
    """Each table with its columns that refer to others; all databases of a run are alike."""
    return {
        table: {key.column: key.dest_table for key in database.get_foreign_keys(table)}
        for table in database.get_tables()
    }


def members_tables() -> list[str]:
    """The tables that refer to users, directly or through others; referred ones come first."""
    refers = {table: set(keys.values()) for table, keys in schema().items()}
    own = {TOP}
    while more := {table for table, others in refers.items() if others & own} - own:
        own |= more
    order = TopologicalSorter({table: refers[table] & own - {table} for table in own})
    return [table for table in order.static_order() if table != TOP]


def give(user_id: int, tag: str, skip: tuple[str, ...], **own: Any) -> Belongings:
    """A row of the member in every table (but `skip`), with a value of its own in each column.

    `own` is what stands in the user's row itself, as the database writes it.
    """
    made = Belongings(user_id, tag, rows={TOP: user_id})
    for table in members_tables():
        if table in skip:
            continue
        refers = schema()[table]
        row = {}
        for column in database.get_columns(table):
            if (other := refers.get(column.name)) is not None:
                row[column.name] = made.rows.get(other, 1)  # row 1 is the server's own app
            else:
                row[column.name] = _value(made, f"{table}-{column.name}", column.data_type)
        marks = ", ".join("?" * len(row))
        dialects.run(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})",
            list(row.values()),
        )
        keys = database.get_primary_keys(table)
        made.rows[table] = row[keys[0]]
    _fill_own_row(made, own)
    return made


def found(services: Services, made: Belongings, *elsewhere: str) -> set[str]:
    """What is left of the values in the database, in storage, in Redis, in texts of `elsewhere`."""
    texts, numbers = list(elsewhere), set()
    for cell in _cells():
        if isinstance(cell, bytes):
            texts.append(cell.decode("latin-1"))
        elif isinstance(cell, str):
            texts.append(cell)
        elif cell is not None:
            numbers.add(cell)
    for top in ("exports", "imports", "years"):
        for stored in services.storage.list(top):
            texts += [stored.key, services.storage.get(stored.key).decode("latin-1")]
    texts += list(_redis(services))
    whole = "\n".join(texts)
    return {
        str(one)
        for one in made.values
        if (isinstance(one, str) and one in whole)
        or (isinstance(one, int) and (one in numbers or str(one) in whole))
    }


def rows_of(user_id: int) -> dict[str, int]:
    """How many rows each table has that name this member."""
    counted = {}
    for table, refers in schema().items():
        for column in [column for column, other in refers.items() if other == TOP]:
            query = f"SELECT count(*) FROM {table} WHERE {column} = ?"
            (counted[f"{table}.{column}"],) = dialects.run(query, [user_id]).fetchone()
    return {name: number for name, number in counted.items() if number}


def redis_ids(services: Services) -> set[str]:
    """Every number that stands in a key of Redis or in the arguments of a job."""
    return {number for text in _redis(services) for number in re.findall(r"\d+", text)}


def _value(made: Belongings, place: str, kind: str) -> Any:
    kind = kind.lower()
    if "bool" in kind:
        return False
    if "small" in kind or "real" in kind:
        return 7
    if "int" in kind:
        value: Any = next(_numbers)
    elif "blob" in kind or "bytea" in kind:
        made.values.append(f"{made.tag}-{place}")
        return f"{made.tag}-{place}".encode()
    else:
        value = f"{made.tag}-{place}"
    made.values.append(value)
    return value


def _fill_own_row(made: Belongings, own: dict[str, Any]) -> None:
    for column in database.get_columns(TOP):
        if column.name == "id" or "bool" in column.data_type.lower():
            continue
        if column.name in own:
            value = own[column.name]
            made.values += [value] if isinstance(value, str) else []
        else:
            value = _value(made, f"{TOP}-{column.name}", column.data_type)
        dialects.run(f"UPDATE {TOP} SET {column.name} = ? WHERE id = ?", [value, made.user_id])


def _cells() -> Iterator[Any]:
    for table in schema():
        for row in dialects.run(f"SELECT * FROM {table}").fetchall():
            yield from row


def _redis(services: Services) -> Iterator[str]:
    redis = services.redis
    for key in redis.scan_iter():
        yield key.decode()
        match redis.type(key).decode():
            case "string":
                held = [redis.get(key) or b""]
            case "hash":
                held = [part for pair in redis.hgetall(key).items() for part in pair]
            case "list":
                held = redis.lrange(key, 0, -1)
            case "zset":
                held = redis.zrange(key, 0, -1)
            case _:
                held = list(redis.smembers(key))
        for part in held:
            yield _plain(part)


def _plain(part: bytes) -> str:
    with suppress(zlib.error):
        part = zlib.decompress(part)  # RQ packs what a job is called with
    return part.decode("latin-1")
