"""The vault: seals secrets so that what is stored can be read only where it belongs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(Exception):
    """A sealed value cannot be opened: unknown key, changed bytes, or another owner's value."""


class Vault:
    """Fernet with rotation; the first key seals, every key opens.

    Fernet binds no context of its own, so the place (table, column, owner) is sealed together
    with the value and compared when it is opened: a row copied to another user opens nothing.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, place: str, owner: int, secret: str) -> str:
        """Seal `secret` for `place` ("table.column") of the row that `owner` identifies."""
        body = json.dumps([place, owner, secret], separators=(",", ":"))
        return self._fernet.encrypt(body.encode()).decode()

    def open(self, place: str, owner: int, sealed: str) -> str:
        """The secret; raises VaultError if it was sealed elsewhere or cannot be opened."""
        try:
            found_place, found_owner, secret = json.loads(self._fernet.decrypt(sealed.encode()))
        except (InvalidToken, ValueError):
            raise VaultError(f"{place} of {owner} cannot be opened with any key") from None
        if (found_place, found_owner) != (place, owner):
            raise VaultError(f"{place} of {owner} holds a value that was sealed elsewhere")
        return str(secret)

    def rotate(self, sealed: str) -> str:
        """The same value sealed anew with the first key; raises VaultError."""
        try:
            return self._fernet.rotate(sealed.encode()).decode()
        except InvalidToken:
            raise VaultError("a sealed value cannot be opened with any key") from None
