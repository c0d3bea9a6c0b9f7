"""What the instant of a play is in this project's files for other programs."""

from __future__ import annotations

from typing import Any, TypeGuard

from audiospective.policy.timing import BY_HEARD, BY_START, OF_SENDER, SECOND

FORMS = ("listenbrainz", "maloja", "koito")  # the sources that such files are of


def ours(sender: object) -> TypeGuard[str]:
    return isinstance(sender, str) and sender in OF_SENDER


def instants(sender: str, at: int | None, played: int | None) -> dict[str, Any]:
    """`started_at` or `ended_at`, with `precision`, of a play that is written as at `at` (UTC ms).

    `sender` is one of `ours`. Releases before 0.3 wrote the one of an end for all plays.
    """
    timing = OF_SENDER[sender]
    if at is not None and timing in BY_HEARD and played is not None:
        # Cut to a second was the sum: most sources tell the beginning in whole seconds.
        return {"started_at": -(-(at - played) // SECOND) * SECOND, "precision": timing.precision}
    side = "started_at" if timing in BY_START else "ended_at"
    return {side: at, "precision": timing.precision}
