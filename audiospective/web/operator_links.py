"""Links of every page's frame that the operator decides on: contact, source, sandbox."""

from __future__ import annotations

from dataclasses import dataclass

from audiospective.settings import Settings


@dataclass(frozen=True)
class Link:
    label: str
    href: str


def contact(settings: Settings) -> Link | None:
    """How to reach the operator: an e-mail address or a page; None if they gave none."""
    value = settings.contact
    if not value:
        return None
    return Link(value, value if value.startswith("https://") else f"mailto:{value}")


def source(settings: Settings) -> Link | None:
    """Where the source of this program is published; None if the operator does not say."""
    return Link("Source", settings.source_url) if settings.source_url else None


def sandbox(settings: Settings) -> tuple[Link, ...]:
    """Where the sandbox shows its own side; empty with the real Spotify."""
    if not settings.sandbox:
        return ()
    base = settings.spotify_accounts_url
    return (
        Link("Inbox", f"{base}/inbox"),
        Link("Revoke access, or get a file to import", f"{base}/account/apps"),
    )
