"""Frees what the catalog keeps for nobody, and the room that it took."""

from __future__ import annotations

from dataclasses import asdict

from audiospective import clock, log


def free() -> None:
    """Merge and let go of what no archive refers to; reads every segment. Then stand closer."""
    from audiospective.history import references
    from audiospective.history.catalog import compact

    log.event("catalog_freed", **asdict(references.free(clock.now())))
    log.event("catalog_compacted", **asdict(compact.compact()))
