"""Names of members: as Spotify says them, and as much of them as each reader may see."""

from __future__ import annotations

import unicodedata

LONGEST = 200  # Spotify sets no limit on display names; a page does
SHORT = 40
_LINKS = frozenset("./:@\\")  # mail programs make links of what holds one of these


def kept(delivered: str | None) -> str | None:
    """A name without control characters, which PostgreSQL would refuse; None if nothing is left."""
    if delivered is None:
        return None
    printable = "".join(c for c in delivered if unicodedata.category(c) not in ("Cc", "Cs"))
    return printable.strip()[:LONGEST] or None


def initial(name: str | None) -> str | None:
    """For whoever only holds a link to somebody's archive."""
    return f"{name[0]}…" if name else None


def harmless(name: str | None) -> str | None:
    """For an e-mail to an address that may be a stranger's: a name cannot carry a message there."""
    if not name:
        return None
    if len(name) > SHORT or _LINKS & set(name):
        return initial(name)
    return name
