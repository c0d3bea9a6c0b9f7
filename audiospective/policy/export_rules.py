"""Exports: how long each lasts, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

KEPT = timedelta(days=7)  # a file that is ready can be fetched for so long
LINK = timedelta(minutes=10)  # a link to it works for so long, in the browser that was shown it
HAND_OVER = timedelta(seconds=60)  # a bucket's own link, which the browser is led to at once
LISTED = timedelta(days=30)  # then even its line goes
PATIENCE = timedelta(minutes=1)  # whoever waited longer gets an e-mail
LOST = timedelta(minutes=10)  # after which a waiting export is put into the queue once more
LONG_WAIT = timedelta(days=1)  # for storage that cannot be used; then it is given up
ATTEMPTS = 3
STEPS = {  # status: (word, tone)
    "waiting": ("Waiting for its turn", "wait"),
    "working": ("Being made", "wait"),
    "ready": ("Ready", "good"),
    "failed": ("Failed", "bad"),
    "cancelled": ("Cancelled", "info"),
    "expired": ("Expired", "info"),
}


def at_once(workers: int) -> int:
    """How many exports so many workers make at one time: half of them stay free for polls."""
    return max(1, workers // 2)


@dataclass(frozen=True)
class Shown:
    """How an export stands: words, tone, and percent done while it is being made."""

    word: str
    tone: str
    percent: int | None = None


def shown(status: str, done: int, total: int) -> Shown:
    """What is said of an export; a status from a newer release is said as it is."""
    word, tone = STEPS.get(status, (status, "info"))
    if status != "working" or not total:
        return Shown(word, tone)
    if done >= total:
        return Shown("Being put into storage", tone, 99)
    return Shown(word, tone, min(99, 100 * done // total))


def owes_email(asked_at: datetime, now: datetime) -> bool:
    """Whether somebody waited so long that they have gone to do something else."""
    return now - asked_at > PATIENCE
