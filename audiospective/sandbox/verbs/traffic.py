"""Verbs about calls and e-mails that came in."""

from collections.abc import Iterable
from typing import Any

from audiospective.sandbox.verbs.base import Verbs


class TrafficVerbs(Verbs):
    """What came in: calls and e-mails."""

    def calls(
        self,
        endpoint: str | None = None,
        listener: str | None = None,
        app: str | None = None,
        status: int | None = None,
    ) -> int:
        """How many calls came, filtered; status 0 counts those that got no answer."""
        with self.state.lock:
            return self.state.calls.count(endpoint, listener, app, status)

    def calls_by(self, key: str = "endpoint") -> dict[str, int]:
        """Calls by endpoint, listener, app or status."""
        with self.state.lock:
            return self.state.calls.by(key)

    def call_log(self) -> list[dict[str, Any]]:
        """The latest calls, oldest first, in sandbox time."""
        with self.state.lock:
            return list(self.state.calls.recent)

    def reset_calls(self) -> None:
        """Count calls from zero again."""
        with self.state.lock:
            self.state.calls.reset()

    def emails(self, to: str | None = None) -> list[dict[str, Any]]:
        """E-mails caught, oldest first, to one address or to all."""
        with self.state.lock:
            return [
                {name: getattr(email, name) for name in email.__dataclass_fields__}
                for email in self.state.mailbox.emails.values()
                if to is None or to in email.to
            ]

    def clear_emails(self) -> None:
        """Empty the inbox."""
        with self.state.lock:
            self.state.mailbox.clear()

    def set_mail_keys(self, keys: Iterable[str] | None) -> None:
        """Which API keys the mail service takes; None for any."""
        with self.state.lock:
            self.state.mail_keys = None if keys is None else set(keys)
