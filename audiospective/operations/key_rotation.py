"""Encrypts every secret with the first key, so that an old key can be thrown away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from audiospective import log, models
from audiospective.models import Connection
from audiospective.models.base import Row, clock_now, transaction
from audiospective.services import Services
from audiospective.vault import VaultError

SUFFIX = "_encrypted"  # every field that the vault fills is named like this


@dataclass
class Report:
    """Values by column: moved now, held by a worker just then, or not to be decrypted at all."""

    moved: Counter[str] = field(default_factory=Counter)
    busy: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)


def rotate(services: Services) -> Report:
    """Encrypt all values anew with the first key; safe to stop, to repeat, and while polls run."""
    report = Report()
    for model, column in columns():
        name = f"{model._meta.table_name}.{column.column_name}"
        for row in list(model.select(*_key(model), column).where(column != "").namedtuples()):
            *key, encrypted = row
            try:
                fresh = services.vault.rotate(encrypted)
            except VaultError as error:
                log.trouble("key_rotation_failed", error, column=name)
                report.broken[name] += 1
                continue
            moved = _swap(model, column, key, encrypted, fresh)
            (report.moved if moved else report.busy)[name] += 1
    return report


def columns() -> Iterator[tuple[Any, Any]]:
    """Every model and column that holds encrypted values."""
    for module in iter_modules(models.__path__, f"{models.__name__}."):
        import_module(module.name)  # a model is known once its module has been read
    for model in sorted(_models(Row), key=lambda one: str(one._meta.table_name)):
        for column in model._meta.sorted_fields:
            if column.name.endswith(SUFFIX):
                yield model, column


def _swap(model: Any, column: Any, key: list[Any], encrypted: str, fresh: str) -> bool:
    same = column == encrypted  # somebody else may have written a new value since
    for part, value in zip(_key(model), key, strict=True):
        same &= part == value
    if model is Connection:
        # A poll that is rotating a token recognises the stored one by its encrypted form.
        same &= Connection.lease_until <= clock_now()
    with transaction():
        return bool(model.update({column: fresh}).where(same).execute())


def _key(model: Any) -> list[Any]:
    found: list[Any] = model._meta.get_primary_keys()
    return found


def _models(root: Any) -> Iterator[Any]:
    for model in root.__subclasses__():
        if model._meta.table_name and model.__module__.startswith("audiospective."):
            yield model
        yield from _models(model)
