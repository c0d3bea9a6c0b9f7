"""Servers that take listens as ListenBrainz does: how one is named, and what an answer means."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

from audiospective.policy import public_addresses

LISTENBRAINZ = "https://api.listenbrainz.org"
LONGEST = 300  # characters of an address
TOKEN_LENGTH = 200
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=20), timedelta(hours=24)
TELL_AFTER = timedelta(hours=24)  # of failures, unless the token is refused
_ENDING = re.compile(r"/+(?:1(?:/+(?:submit-listens|validate-token))?)?/*$")
_ONE_BY_ONE = re.compile(r"/apis/+(?:listenbrainz|lbrnz)$", re.IGNORECASE)
_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")


def root(typed: str) -> str:
    """The root of a server's API, from any of the forms in which programs ask for it."""
    return _ENDING.sub("", typed.strip()[:LONGEST])


def one_by_one(root: str) -> bool:
    """Whether each listen has to go there in a request of its own.

    Maloja, known by its path, says yes to many as soon as it meets one that it has, and leaves out
    all that come after. (Koito has the same path; there it only takes longer.)
    """
    return _ONE_BY_ONE.search(root) is not None


def fault(url: str) -> str | None:
    """What is wrong with a root, as far as it says it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return public_addresses.UNREADABLE
    if not _PATH.fullmatch(parts.path):
        return public_addresses.UNREADABLE
    if parts.query or parts.fragment:
        return "The address must not have a question mark or a hash sign."
    return public_addresses.endpoint_fault(f"{parts.scheme}://{parts.netloc}")


def pause(failures: int) -> timedelta:
    """How long to wait after so many failures in a row, from 1."""
    doubled: int = 2 ** min(failures - 1, 10)
    return min(FIRST_PAUSE * doubled, LONGEST_PAUSE)


def asked_pause(seconds: str | None) -> timedelta:
    """How long a server with too many requests asks to wait; nonsense counts as a minute."""
    text = (seconds or "").strip()
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 60
    return min(max(timedelta(seconds=found), timedelta(seconds=10)), LONGEST_PAUSE)
