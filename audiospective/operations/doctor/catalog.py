"""Whether the catalog of tracks can be read, as far as was looked by now."""

from __future__ import annotations

from peewee import PeeweeException

from audiospective.models import database
from audiospective.models.base import DurabilityError
from audiospective.operations import catalog_damage
from audiospective.operations.doctor.finding import UNASKED, Finding
from audiospective.services import Services


def look(_services: Services) -> Finding:
    try:
        with database.connection_context():
            found = catalog_damage.standing()
    except (PeeweeException, DurabilityError, OSError):
        return Finding("Catalog", UNASKED, "Repair the database first.")
    if found is None:
        return Finding("Catalog", "no part of it was found damaged")
    return Finding(
        "Catalog",
        f"{found[1]} (since {found[0]:%d %B %Y, %H:%M} UTC)",
        "Run: python -m audiospective verify --from FILE, with the newest backup first.",
    )
