"""What keeps a Redis server from being used, in words."""

from __future__ import annotations


def in_words(said: str, kind: str) -> str:
    """What keeps a Redis server from being used; `said` and `kind` are of the client's error."""
    if "certificate verify failed" in said.lower():
        return (
            "the server's certificate is not trusted. Where Redis signs its own, as on Heroku, "
            "set REDIS_TLS_VERIFY=off."
        )
    return f"the server does not answer ({kind})."
