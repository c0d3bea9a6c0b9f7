"""Every test of the database runs twice: on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def migrate() -> Callable[[str], None]:
    """Bring the database at a URL to the newest schema, with the migrations of the package."""

    def run(url: str) -> None:
        from audiospective import models

        models.bind(url)
        models.migrate()
        if not models.database.is_closed():
            models.database.close()

    return run


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated database; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_database_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Any]:
    """The package's database, bound to a fresh one and connected in this thread."""
    from audiospective import models

    models.bind(database_url)
    with models.database.connection_context():
        yield models.database
