"""The vault: encrypts secrets so that what is stored can be read only where it belongs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(Exception):
    """A value cannot be decrypted: unknown key, changed bytes, or another owner's value."""


class UnknownKeyError(VaultError):
    """No key opens it, or its bytes were changed; a key that was taken out may come back."""


class Vault:
    """Fernet with rotation; the first key encrypts, every key decrypts.

    Fernet binds no context of its own, so the place (table, column, owner) is encrypted together
    with the value and compared afterwards: a row copied to another user gives nothing away.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def encrypt(self, place: str, owner: int, secret: str) -> str:
        """Encrypt `secret` for `place` ("table.column") of the row that `owner` identifies."""
        body = json.dumps([place, owner, secret], separators=(",", ":"))
        return self._fernet.encrypt(body.encode()).decode()

    def decrypt(self, place: str, owner: int, encrypted: str) -> str:
        """The secret; raises UnknownKeyError if no key decrypts it, VaultError if it belongs
        elsewhere.
        """
        try:
            found_place, found_owner, secret = json.loads(self._fernet.decrypt(encrypted.encode()))
        except (InvalidToken, ValueError):
            raise UnknownKeyError(f"{place} of {owner} cannot be decrypted with any key") from None
        if (found_place, found_owner) != (place, owner):
            raise VaultError(f"{place} of {owner} holds a value that belongs elsewhere")
        return str(secret)

    def rotate(self, encrypted: str) -> str:
        """The same value, encrypted with the first key; raises UnknownKeyError."""
        try:
            return self._fernet.rotate(encrypted.encode()).decode()
        except InvalidToken:
            raise UnknownKeyError("a value cannot be decrypted with any key") from None
