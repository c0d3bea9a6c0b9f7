"""What keeps a Redis server from being used, in words."""

from __future__ import annotations


def in_words(said: str, kind: str) -> str:
    """What keeps a Redis server from being used; `said` and `kind` are of the client's error."""
    if "certificate verify failed" in said.lower():
        return (
            "the server's certificate is not trusted. Where Redis signs its own, as on Heroku, "
            "set REDIS_TLS_VERIFY=off."
        )
    if "protected mode" in said.lower():
        return (
            "the server is in protected mode and refuses other machines. Give it a password, or "
            "set protected-mode to no where nothing else reaches it."
        )
    return f"the server does not answer ({kind})."
