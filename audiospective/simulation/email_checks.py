"""E-mails as they left: each once, within the caps of its kind, and none for a false reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from audiospective.models.notices import Notice
from audiospective.simulation import ended_consents, members
from audiospective.simulation.instance import Instance
from audiospective.simulation.members import Member
from audiospective.simulation.timeline import DAY, HOUR

CAPS = {"archive_stopped": 3, "no_success": 1, "renewal": 3}  # of one episode
FALSE_ALARMS = 5  # members who may be told by mistake before a mass failure is seen


class EmailChecks:
    """Looks through the sandbox's inbox, a little further after each step."""

    def __init__(self, instance: Instance, by_id: Mapping[int, Member]) -> None:
        self._instance = instance
        self._by_id = by_id
        self._read = 0
        self._episodes: Counter[tuple[str, str, str]] = Counter()
        self._falsely: list[int] = []
        self.kinds: Counter[str] = Counter()
        self.going: set[str] = set()  # keys that are being handed over
        self.sent: set[str] = set()  # keys of notices that are noted as sent

    def handed_over(self, key: str) -> Iterator[str]:
        """An e-mail is about to be handed over."""
        if key in self.going:
            yield "an e-mail is handed over by two workers at once"
        self.going.add(key)
        if key in self.sent:
            yield "an e-mail is handed over that is noted as sent"

    def new(self) -> Iterator[str]:
        """What is wrong with the e-mails that arrived since the last look."""
        emails = self._instance.world.mailbox.emails
        if len(emails) == self._read:
            return
        for email in list(emails.values())[self._read :]:
            notice = Notice.get_or_none(Notice.key == email.idempotency_key)
            if notice is None:
                continue
            self.kinds[notice.kind] += 1
            episode = (notice.recipient, notice.kind, notice.dedupe_key)
            self._episodes[episode] += 1
            cap = CAPS.get(notice.kind)
            if cap is not None and self._episodes[episode] > cap:
                yield f"{self._episodes[episode]} e-mails ({notice.kind}) about one incident"
            if notice.kind == "archive_stopped":
                yield from self._is_true(notice.user_id)
        self._read = len(emails)

    def _is_true(self, user_id: int) -> Iterator[str]:
        member, now = self._by_id[user_id], self._instance.timeline.ms
        yield from ended_consents.noticed(self._instance, member)
        if member.refused_since is not None:
            return
        if not members.holds_a_living_token(self._instance, member):
            # A rotated token was lost on its way; this e-mail is the one that tells of it.
            member.refused_since = now - DAY
            return
        self._falsely = [at for at in self._falsely if now - at < 12 * HOUR] + [now]
        if len(self._falsely) > FALSE_ALARMS:
            yield f"{len(self._falsely)} members were told that their archive stopped; it had not"
