"""The pages of the settings in their order; those that are not installed do not show."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, url_for

GROUPS = {  # the first page of each, and what they are about
    "/settings/profile": "You",
    "/settings/connection": "Spotify",
    "/settings/recordings": "Music",
    "/settings/shares": "Sharing",
    "/settings/sessions": "Archive and account",
}
SECTIONS = (
    ("/settings/profile", "Profile and time"),
    ("/settings/counting", "What counts"),
    ("/settings/emails", "E-mails"),
    ("/settings/address", "E-mail address"),
    ("/settings/connection", "Spotify"),
    ("/settings/spotify-app", "Your own Spotify app"),
    ("/settings/recordings", "Recordings"),
    ("/settings/hidden", "Hidden artists"),
    ("/settings/shares", "Shared links"),
    ("/settings/api", "API tokens"),
    ("/settings/forwarding", "Sending plays on"),
    ("/settings/sessions", "Sessions"),
    ("/settings/data", "Your data"),
    ("/settings/delete", "Delete the archive"),
)


@dataclass(frozen=True)
class Section:
    """`path` is what stands in SECTIONS, `href` where this server has it."""

    path: str
    href: str
    label: str


def sections() -> list[Section]:
    return [Section(path, href, label) for path, label in SECTIONS if (href := address(path))]


def address(path: str) -> str | None:
    """Where the page at `path` is, or None if this application does not have it."""
    for rule in current_app.url_map.iter_rules():
        if rule.rule == path and "GET" in (rule.methods or ()):
            return url_for(rule.endpoint)
    return None
