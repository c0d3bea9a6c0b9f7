"""How many files one e-mail passes: whoever looks for a fault has to read no more than these."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import audiospective
from audiospective import clock
from audiospective.clients.spotify import SpotifyError
from audiospective.models.notices import SENT, Notice
from audiospective.notices import delivery, kind, owing
from audiospective.notices.kinds import archive_stopped
from audiospective.policy.failures import Failure
from audiospective.polling import batch, plan

ROOT = str(Path(audiospective.__file__).parent)
# It makes the texts that Peewee would make: whoever looks for a fault reads neither.
LIKE_PEEWEE = {"models/sql_context.py"}
REVOKED = SpotifyError(Failure.AUTH, "revoked", status=400)


@contextmanager
def passing(files: set[str]) -> Iterator[None]:
    """Collect the files of the package in which a function is called meanwhile."""

    def seen(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_name != "<module>" and code.co_filename.startswith(ROOT):
            files.add(code.co_filename.removeprefix(f"{ROOT}/"))

    threading.setprofile(seen)
    sys.setprofile(seen)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def passed(action: Callable[[], object]) -> set[str]:
    kind.find.cache_clear()
    files: set[str] = set()
    with passing(files):
        action()
    return files - LIKE_PEEWEE


def test_one_email_passes_twelve_files_and_a_failed_poll_with_its_email_two_dozen(life):
    alice, bob = life.person("alice"), life.person("bob")
    life.step()
    life.passes(hours=1, minutes=1)
    life.breaks(alice, REVOKED)
    life.frozen.forward(hours=1)
    now, services = clock.now(), life.services
    slot = plan.current_slot(services, now)
    poll = passed(lambda: batch.archive(services, [alice.user_id], slot.start, now))
    # The round owes it, as soon as it is believed: after a second refusal.
    assert Notice.select().count() == 0
    life.frozen.forward(minutes=40)
    for user_id in (alice.user_id, bob.user_id):
        batch.now(services, user_id)
    own = passed(lambda: [one.draft() for one in archive_stopped.due(services)])
    everything = passed(lambda: owing.owe(services))  # all kinds, not this one alone
    sending = passed(lambda: delivery.drain(services))
    assert [one.status for one in Notice.select()] == [SENT]
    assert len(sending) <= 12, sorted(sending)
    assert len(poll) <= 18, "\n".join(sorted(poll))
    assert len(everything) <= 24, sorted(everything)  # one a kind that looks who is due
    assert len(poll | own) <= 24, "\n".join(
        sorted(poll | own)
    )  # the e-mail about this failure included
