"""Which rows belong to a member: every table that refers to users, as the models themselves say."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from peewee import ForeignKeyField, sort_models

from audiospective import models
from audiospective.models import dialects
from audiospective.models.base import Row, transaction
from audiospective.models.users import User

PORTION = 2_000  # rows that one transaction deletes; others write in between


@cache
def tables() -> tuple[ForeignKeyField, ...]:
    """The column of each table that names the member, a table before those it refers to."""
    for module in iter_modules(models.__path__):
        import_module(f"{models.__name__}.{module.name}")
    found = [
        field
        for model in reversed(sort_models(Row.__subclasses__()))
        for field in model._meta.sorted_fields
        if isinstance(field, ForeignKeyField) and field.rel_model is User
    ]
    return tuple(found)


def delete_some(field: ForeignKeyField, user_id: int, limit: int = PORTION) -> int:
    """Delete up to `limit` rows whose `field` names the member; how many there were."""
    meta = field.model._meta
    key = ", ".join(part.column_name for part in meta.get_primary_keys())
    text = (
        f"DELETE FROM {meta.table_name} WHERE ({key}) IN (SELECT {key} FROM {meta.table_name}"  # noqa: S608
        f" WHERE {field.column_name} = ? LIMIT {limit:d})"
    )
    with transaction():
        return int(dialects.run(text, [user_id]).rowcount)
