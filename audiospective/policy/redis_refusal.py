"""What keeps a Redis server from being used, in words."""

from __future__ import annotations

_FULL, _UNSAVED, _COPY = "used memory > 'maxmemory'", "misconf", "read only replica"
# By what the server's own error says: what is wrong, and what to do.
_KNOWN = {
    "certificate verify failed": (
        "the server's certificate is not trusted",
        "Where Redis signs its own, as on Heroku, set REDIS_TLS_VERIFY=off.",
    ),
    "protected mode": (
        "the server is in protected mode and refuses other machines",
        "Give it a password, or set protected-mode to no where nothing else reaches it.",
    ),
    _FULL: (
        "the server is full and takes nothing more",
        "Give it more memory, or empty it: what was due is found again in the database.",
    ),
    _UNSAVED: (
        "the server cannot save to its disk and takes nothing meanwhile",
        "Make room on its disk; its own log says what fails.",
    ),
    _COPY: (
        "a copy answers, which takes nothing",
        "Let REDIS_URL name the primary.",
    ),
}


def known(said: str) -> tuple[str, str] | None:
    """(what is wrong, what to do) where the text of the client's error tells, else None."""
    lower = said.lower()
    return next((words for part, words in _KNOWN.items() if part in lower), None)


def takes_nothing(said: str) -> bool:
    """Whether a server that answers says that nothing can be written at present."""
    lower = said.lower()
    return any(part in lower for part in (_FULL, _UNSAVED, _COPY))


def in_words(said: str, kind: str) -> str:
    """What keeps a Redis server from being used; `said` and `kind` are of the client's error."""
    found = known(said)
    return f"{found[0]}. {found[1]}" if found else f"the server does not answer ({kind})."
