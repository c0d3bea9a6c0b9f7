"""A full disk in the middle of a sealing: nothing moves, and it works once there is room again."""

from __future__ import annotations

from random import Random

import pytest
from peewee import OperationalError

from audiospective import history, models
from audiospective.history import sealing
from audiospective.models import Play, database
from tests.history.making import at, person, play, track


def test_nothing_moves_when_the_disk_is_full(sqlite_database_url: str) -> None:
    models.bind(sqlite_database_url)
    with database.connection_context():
        alice, song = person("alice"), track("song")
        chance = Random(1)
        for minute in range(300):
            # Facts that do not compress, so that the file needs room of its own.
            play(alice, at(minute), song, context=chance.randbytes(60).hex())
        before = history.frame(alice)
        database.execute_sql("VACUUM")  # no free page is left over from earlier
        (pages,) = database.execute_sql("PRAGMA page_count").fetchone()
        database.execute_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(OperationalError, match="full"):
            sealing.seal(alice, keep=0, trigger=0)
        assert history.frame(alice).equals(before)
        assert Play.select().count() == 300
        database.execute_sql("PRAGMA max_page_count = 1000000")
        assert sealing.seal(alice, keep=0, trigger=0) == 300
        assert history.frame(alice).equals(before)
