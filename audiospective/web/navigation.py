"""The main navigation: the pages in their order; those not installed do not show."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, url_for

PAGES = (
    ("dashboard.page", "Dashboard"),
    ("history.page", "History"),
    ("reports.page", "Reports"),
    ("health.page", "Health"),
    ("imports.page", "Import"),
    ("exports.page", "Export"),
    ("settings.page", "Settings"),
)
FOR_OPERATORS = ("ops.page", "Operations")


@dataclass(frozen=True)
class Entry:
    href: str
    label: str


def entries(*, operator: bool = False) -> list[Entry]:
    """The pages of this application; an operator's are more."""
    pages = (*PAGES, FOR_OPERATORS) if operator else PAGES
    return [Entry(href, label) for endpoint, label in pages if (href := address(endpoint))]


def address(endpoint: str) -> str | None:
    """Where `endpoint` lives, or None if this application does not have it."""
    return url_for(endpoint) if endpoint in current_app.view_functions else None
