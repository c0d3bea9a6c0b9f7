"""What was on record before gaps had two certainties is still there afterwards."""

from __future__ import annotations

import json

from audiospective import models
from audiospective.models import migrations
from audiospective.models.base import database

AT = 1_795_286_527_513
ITEM = {"played_at": "2026-11-21T18:42:07.513Z", "track": None}


def test_gaps_keep_their_length_and_unreadable_items_get_their_time(tmp_path):
    models.bind(f"sqlite:///{tmp_path / 'archive.db'}")
    with database.connection_context():
        runner = migrations._runner()
        steps = [step.name for step in runner.status() if step.path]
        (this,) = [name for name in steps if name.endswith("gaps")]
        runner.up(steps[steps.index(this) - 1])
        database.execute_sql("PRAGMA foreign_keys = 0")
        for start in (AT - 50, AT - 40):  # two that end at once: the older record stays
            database.execute_sql(
                "INSERT INTO gaps (user_id, started_at, ended_at, cause, certainty, opened_at,"
                " recovered) VALUES (1, ?, ?, 'overflow', 'sure', ?, 0)",
                (start, AT, AT),
            )
        for digest, item in (("timed", json.dumps(ITEM)), ("not", "{}"), ("odd", "[")):
            database.execute_sql(
                "INSERT INTO unreadable_plays (user_id, digest, reason, item, seen_at)"
                " VALUES (1, ?, '', ?, 0)",
                (digest, item),
            )
        runner.up()
        gaps = database.execute_sql("SELECT started_at, probably_from, ended_at FROM gaps")
        assert gaps.fetchall() == [(AT - 50, AT - 50, AT)]
        items = database.execute_sql("SELECT digest, played_at FROM unreadable_plays").fetchall()
        assert dict(items) == {"timed": AT, "not": None, "odd": None}
