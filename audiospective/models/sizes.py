"""How many bytes the database takes, each table with its indexes."""

from __future__ import annotations

from audiospective.models.base import database, is_sqlite

_POSTGRES = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
"""
_DBSTAT = """
SELECT coalesce(m.tbl_name, s.name), sum(s.pgsize) FROM dbstat s
LEFT JOIN sqlite_master m ON m.name = s.name GROUP BY 1
"""


def total() -> int:
    """Bytes of the whole database as an operator is charged for it."""
    if is_sqlite():
        (pages,) = database.execute_sql("PRAGMA page_count").fetchone()
        (size,) = database.execute_sql("PRAGMA page_size").fetchone()
        return int(pages * size)
    (size,) = database.execute_sql("SELECT pg_database_size(current_database())").fetchone()
    return int(size)


def empty() -> int:
    """About the bytes of a database without members."""
    return 300_000 if is_sqlite() else 9_000_000


def tables() -> dict[str, int]:
    """Bytes by table, indexes and large values included."""
    if not is_sqlite():
        return {name: int(size) for name, size in database.execute_sql(_POSTGRES).fetchall()}
    if _has_dbstat():
        return {name: int(size) for name, size in database.execute_sql(_DBSTAT).fetchall()}
    return _estimated()


def _has_dbstat() -> bool:
    options = database.execute_sql("PRAGMA compile_options").fetchall()
    return ("ENABLE_DBSTAT_VTAB",) in options


def _estimated() -> dict[str, int]:
    """SQLite without `dbstat`: a page for every table and index, the rest by what values take."""
    (page,) = database.execute_sql("PRAGMA page_size").fetchone()
    trees = "SELECT tbl_name, count(*) FROM sqlite_master WHERE rootpage > 0 GROUP BY 1"
    least = {name: count * page for name, count in database.execute_sql(trees).fetchall()}
    values = {}
    for table in least:
        columns = [column.name for column in database.get_columns(table)]
        lengths = " + ".join(f'coalesce(length(CAST("{name}" AS BLOB)), 0) + 1' for name in columns)
        query = f'SELECT coalesce(sum({lengths}), 0) FROM "{table}"'  # noqa: S608 - names of ours
        (values[table],) = database.execute_sql(query).fetchone()
    rest, whole = max(0, total() - sum(least.values())), sum(values.values()) or 1
    return {table: least[table] + rest * value // whole for table, value in values.items()}
