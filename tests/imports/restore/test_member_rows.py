"""Whatever a member has comes along with a bundle, or it is named here as staying."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from peewee import (
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)

from audiospective import models
from audiospective.imports.restore import member_rows
from audiospective.models import User, portable
from audiospective.models.base import Row, json_object
from audiospective.models.portable import Belonging
from tests.history.making import person

# Plays, gaps and the like have forms of their own in a bundle.
TOLD = {"plays", "play_segments", "coverage", "gaps", "removed_plays", "unreadable_plays"}
# What an account does here and now: it means nothing in another one.
STAYING = {
    *("connections", "sessions", "spotify_apps", "notices", "exports", "imports", "poll_log"),
    *("address_proofs", "waitlist", "detached_accounts", "damaged_segments", "refusals"),
    "settled_callbacks",
    "export_schedules",
    "shared_links",
    "deletions",
    *("api_tokens", "forwards", "forwarded_plays"),  # keys, and what was sent with them
}


def members_tables() -> set[str]:
    """Every table that refers to a member."""
    for module in iter_modules(models.__path__):
        import_module(f"audiospective.models.{module.name}")
    return {
        one._meta.table_name
        for one in Row.__subclasses__()
        if one.__module__.startswith("audiospective.")
        and any(
            isinstance(column, ForeignKeyField) and column.rel_model is User
            for column in one._meta.sorted_fields
        )
    }


def test_every_table_of_a_member_comes_along_or_stays() -> None:
    known = TOLD | STAYING | {one.name for one in portable.BELONGINGS}
    assert members_tables() - known == set()


class Favourite(Model):  # no Row: what goes over all tables must not meet it in other tests
    user = IntegerField()
    track = IntegerField()
    artist = IntegerField(null=True)
    stars = SmallIntegerField()
    words = TextField(null=True)

    class Meta:
        database = models.database
        table_name = "test_favourites"
        primary_key = CompositeKey("user", "track")


NUMBERS = {"tracks": {1: 101, 2: 102}, "artists": {5: 505}, "albums": {}}
GOOD: dict[str, Any] = {"track": 1, "artist": 5, "stars": 3, "words": "yes"}


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (GOOD, (101, 505, 3, "yes")),
        ({**GOOD, "artist": None, "words": None}, (101, None, 3, None)),
        ({**GOOD, "track": 9}, None),  # nothing in the bundle has this number
        ({**GOOD, "stars": 70_000}, None),
        ({**GOOD, "stars": "3"}, None),
        ({**GOOD, "stars": True}, None),
        ({**GOOD, "words": 7}, None),
        ({"track": 1}, None),
    ],
)
@pytest.mark.usefixtures("database")
def test_a_row_comes_back_with_our_numbers_if_it_fits(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], kept: tuple[Any, ...] | None
) -> None:
    models.database.create_tables([Favourite])
    monkeypatch.setattr(
        portable, "BELONGINGS", (Belonging(Favourite, tracks=("track",), artists=("artist",)),)
    )
    user_id = person("alice")
    member_rows.belongings(user_id, {"test_favourites": [told]}, NUMBERS)
    found = Favourite.select(Favourite.track, Favourite.artist, Favourite.stars, Favourite.words)
    assert list(found.tuples()) == ([] if kept is None else [kept])


def test_preferences_nested_without_end_are_left_out_and_read_as_none() -> None:
    nested = '{"a":' * 5_000
    assert not member_rows._is_known("preferences", nested)
    assert json_object(nested) == {}
