"""E-mails that were caught, newest last, and the idempotency keys they came with."""

from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any
from uuid import uuid4

import orjson

from audiospective.sandbox.clock import VirtualClock
from audiospective.sandbox.store import Store

KEY_LIFE_MS = 24 * 3_600_000


@dataclass
class Email:
    """One e-mail as it was handed in; `received_ms` in UTC milliseconds."""

    id: str
    received_ms: int
    sender: str
    to: list[str]
    subject: str
    html: str | None = None
    text: str | None = None
    reply_to: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    bcc: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)
    attachments: list[str] = field(default_factory=list)
    idempotency_key: str | None = None


class Mailbox:
    """The inbox; guarded by the sandbox's lock."""

    def __init__(self, clock: VirtualClock, store: Store) -> None:
        self._clock = clock
        self._store = store
        emails = sorted(
            (Email(**doc) for doc in store.all("emails")), key=lambda email: email.received_ms
        )
        self.emails: dict[str, Email] = {email.id: email for email in emails}
        self._keys: dict[str, dict[str, Any]] = {doc["key"]: doc for doc in store.all("mailkeys")}

    def earlier(self, key: str, payload: Any) -> tuple[bool, Any]:
        """Whether this key was used with another payload, and the answer it got before."""
        known = self._keys.get(key)
        if known is None or self._clock.now_ms() - known["at"] > KEY_LIFE_MS:
            return False, None
        return known["digest"] != _digest(payload), known["answer"]

    def remember(self, key: str, payload: Any, answer: Any) -> None:
        """Give the same answer to the same key for a day."""
        document = {"key": key, "at": self._clock.now_ms(), "digest": _digest(payload),
                    "answer": answer}  # fmt: skip
        self._keys[key] = document
        self._store.put("mailkeys", key, document)

    def deliver(self, mail: dict[str, Any], key: str | None) -> Email:
        """Put a valid e-mail into the inbox."""
        email = Email(
            id=str(uuid4()),
            received_ms=self._clock.now_ms(),
            sender=mail["from"],
            to=as_list(mail.get("to")),
            subject=mail["subject"],
            html=mail.get("html"),
            text=mail.get("text"),
            reply_to=as_list(mail.get("reply_to")),
            cc=as_list(mail.get("cc")),
            bcc=as_list(mail.get("bcc")),
            headers=mail.get("headers") or {},
            tags=mail.get("tags") or [],
            attachments=[str(one.get("filename")) for one in mail.get("attachments") or []],
            idempotency_key=key,
        )
        self.emails[email.id] = email
        self._store.put("emails", email.id, asdict(email))
        return email

    def clear(self) -> None:
        """Empty the inbox; keys stay used."""
        self._store.drop("emails", self.emails)
        self.emails.clear()


def as_list(value: Any) -> list[str]:
    """One address or several, as a list."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _digest(payload: Any) -> str:
    return sha256(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()
