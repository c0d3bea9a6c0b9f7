"""Of keys and secrets; none ever appears in a message."""

from __future__ import annotations

import base64
import binascii
import re


def fernet_key(key: str) -> str | None:
    """`key` as Fernet wants it: 32 bytes in URL-safe base64. None if it is no key.

    64 hexadecimal digits are one, too: that is what platforms generate for a secret.
    """
    if re.fullmatch(r"[0-9a-fA-F]{64}", key):
        return base64.urlsafe_b64encode(bytes.fromhex(key)).decode()
    try:
        return key if len(base64.b64decode(key, altchars=b"-_", validate=True)) == 32 else None
    except (binascii.Error, ValueError):
        return None


def secret_fault(value: str) -> str | None:
    """Of SECRET_KEY."""
    return None if len(value) >= 32 else "is too short: at least 32 characters."


def backup_key_fault(value: str) -> str | None:
    """Of BACKUP_KEY; the key itself never appears in the message."""
    if re.fullmatch(r"AGE-SECRET-KEY-1[02-9A-Z]{58}", value):
        return None
    return "is not a secret key of age: make one with 'backup --new-key' or age-keygen."


def token_fault(value: str) -> str | None:
    """Of a token that a program sends to be let in; it never appears in the message."""
    return None if len(value) >= 16 and value.isprintable() else "is too short: 16 characters."
