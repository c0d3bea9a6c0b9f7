"""What keeps a Redis server from being used, in words."""

from __future__ import annotations

_COPY = ("a copy answers, which takes nothing", "Let REDIS_URL name the primary.")
_CLUSTER = (
    "the server is part of a cluster, which this program cannot use",
    "Let REDIS_URL name a server or plan without cluster mode: jobs need all keys in one place.",
)
_UNKNOWN_HOST = (
    "the name of its host is not known",
    "Correct REDIS_URL, or look after the network.",
)
# By what the server's own error says: what is wrong, and what to do. It answers all the same, and
# takes nothing; the names stand for errors that carry no words, or another server's address.
_TAKES_NOTHING = {
    "used memory > 'maxmemory'": (
        "the server is full and takes nothing more",
        "Give it more memory, or empty it: what was due is found again in the database.",
    ),
    "misconf": (
        "the server cannot save to its disk and takes nothing meanwhile",
        "Make room on its disk; its own log says what fails.",
    ),
    "read only replica": _COPY,
    "link with master is down": _COPY,
    "noreplicas": (
        "the server takes nothing while it has too few copies",
        "Bring its copies back, or set min-replicas-to-write to 0 there.",
    ),
    "no permissions": (
        "the server lets its user do too little",
        "Give the user in REDIS_URL all keys, channels and commands: ~* &* +@all -@dangerous.",
    ),
    "hash slot": _CLUSTER,
    "cluster is down": _CLUSTER,
    "hash to the same slot": _CLUSTER,
    "cluster mode": _CLUSTER,
    "movederror": _CLUSTER,
}
_KNOWN = {
    "certificate verify failed": (
        "the server's certificate is not trusted",
        "Where Redis signs its own, as on Heroku, set REDIS_TLS_VERIFY=off.",
    ),
    "protected mode": (
        "the server is in protected mode and refuses other machines",
        "Give it a password, or set protected-mode to no where nothing else reaches it.",
    ),
    "invalid username-password pair": (
        "the server refuses the password",
        "Correct REDIS_URL; some hosts change it by themselves.",
    ),
    "invalid password": (
        "the server refuses the password",
        "Correct REDIS_URL; some hosts change it by themselves.",
    ),
    "authentication required": ("the server wants a password", "Put it into REDIS_URL."),
    "max number of clients": (
        "all connections of the server are in use",
        "Start fewer processes, or move to a larger plan.",
    ),
    "loading the dataset": (
        "the server is reading what it had saved",
        "Wait: it answers once it has.",
    ),
    "db index is out of range": (
        "the server has no database of that number",
        "Correct the number at the end of REDIS_URL: 0 is always there.",
    ),
    "name or service not known": _UNKNOWN_HOST,
    "name resolution": _UNKNOWN_HOST,
    "no address associated": _UNKNOWN_HOST,
    "connection refused": (
        "nothing listens at its address",
        "Start the server, or correct REDIS_URL.",
    ),
    **_TAKES_NOTHING,
}


def known(error: Exception) -> tuple[str, str] | None:
    """(what is wrong, what to do) where the client's error tells, else None."""
    said = _said(error)
    return next((words for part, words in _KNOWN.items() if part in said), None)


def takes_nothing(error: Exception) -> bool:
    """Whether a server that answers says that nothing can be written at present."""
    said = _said(error)
    return any(part in said for part in _TAKES_NOTHING)


def in_words(error: Exception, otherwise: str) -> str:
    """What keeps a Redis server from being used; `otherwise` stands for an error not known."""
    found = known(error)
    return f"{found[0]}. {found[1]}" if found else f"the server does not answer ({otherwise})."


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".lower()
