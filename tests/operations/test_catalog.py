"""The weekly job that frees what the catalog keeps for nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from audiospective.history.catalog import compact
from audiospective.models import migrations
from audiospective.operations import catalog
from tests.support.clocks import Frozen


@pytest.mark.usefixtures("database")
def test_the_catalog_stands_closer_from_two_days_after_the_release_that_can_read_it(
    frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[datetime] = []

    def compacted() -> compact.Compacted:
        ran.append(frozen.now)
        return compact.Compacted()

    monkeypatch.setattr(compact, "compact", compacted)
    since = migrations.applied_at(catalog.WORDS)
    assert since is not None
    assert since.utcoffset() == timedelta(0)
    frozen.now = since + timedelta(hours=47)
    catalog.free()
    assert ran == []
    frozen.now = since + timedelta(hours=49)
    catalog.free()
    assert ran == [frozen.now]


@pytest.mark.usefixtures("database")
def test_a_migration_that_the_database_has_not_seen_has_no_time() -> None:
    assert migrations.applied_at("9999_not_there") is None
