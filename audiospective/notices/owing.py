"""Owes the e-mails that the state of the archive asks for; driven by the database, not by polls."""

from __future__ import annotations

from audiospective import log
from audiospective.clients.queues import INTERRUPTS
from audiospective.notices import outbox
from audiospective.notices.kind import Kind, everything
from audiospective.services import Services


def owe(services: Services, only: str | None = None) -> dict[str, int]:
    """Owe everything that is due now, or one kind of it; returns e-mails by kind.

    Safe to run late, twice and by several processes: an e-mail is owed once per recipient, kind,
    dedupe key and step. Trouble with one kind, or one person, keeps nothing from the others.
    """
    owed = {}
    for kind in everything():
        if kind.due is None or only not in (None, kind.name):
            continue
        try:
            owed[kind.name] = _owe(services, kind)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this kind's alone
            log.trouble("notices_failed", error, kind=kind.name)
    return owed


def _owe(services: Services, kind: Kind) -> int:
    owed = 0
    assert kind.due is not None
    for candidate in kind.due(services):
        try:
            draft = candidate.draft()
            if draft is not None:
                owed += outbox.put(services, kind, draft)
        except INTERRUPTS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this one's alone
            log.trouble("notice_failed", error, kind=kind.name, user=candidate.user_id)
    return owed
