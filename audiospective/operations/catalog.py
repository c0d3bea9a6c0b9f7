"""Frees what the catalog keeps for nobody, and the room that it took."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from audiospective import clock, log
from audiospective.models import migrations

WORDS = "0024_catalog_words"  # releases before it cannot read a catalog that stands closer
WAY_BACK = timedelta(days=2)  # for so long after it nothing is written that they could not read


def free() -> None:
    """Merge and let go of what no archive refers to; reads every segment. Then stand closer."""
    from audiospective.history import references
    from audiospective.history.catalog import compact

    now = clock.now()
    log.event("catalog_freed", **asdict(references.free(now)))
    since = migrations.applied_at(WORDS)
    if since is not None and now - since >= WAY_BACK:
        log.event("catalog_compacted", **asdict(compact.compact()))
