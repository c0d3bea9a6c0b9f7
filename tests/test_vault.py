"""What is encrypted is decrypted only where it belongs."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from audiospective.vault import Vault, VaultError

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
vault = Vault([OLD])
encrypted = vault.encrypt("connections.refresh", 7, "AQAq3u")


@given(st.text(), st.integers(0, 2**62))
def test_whatever_is_encrypted_comes_back(secret, owner):
    assert vault.decrypt("t.c", owner, vault.encrypt("t.c", owner, secret)) == secret


@pytest.mark.parametrize(
    ("place", "owner"), [("connections.refresh", 8), ("connections.access", 7), ("", 0)]
)
def test_a_value_moved_to_another_row_or_column_opens_nothing(place, owner):
    with pytest.raises(VaultError):
        vault.decrypt(place, owner, encrypted)


@pytest.mark.parametrize(
    "damage", [encrypted[:-5], encrypted[:20] + "A" + encrypted[21:], "", "x", "ü"]
)
def test_a_damaged_value_opens_nothing(damage):
    with pytest.raises(VaultError):
        vault.decrypt("connections.refresh", 7, damage)


def test_an_unknown_key_opens_nothing():
    with pytest.raises(VaultError):
        Vault([NEW]).decrypt("connections.refresh", 7, encrypted)


def test_after_a_new_key_is_put_first_old_values_open_and_can_be_moved_to_it():
    both = Vault([NEW, OLD])
    assert both.decrypt("connections.refresh", 7, encrypted) == "AQAq3u"
    moved = both.rotate(encrypted)
    assert Vault([NEW]).decrypt("connections.refresh", 7, moved) == "AQAq3u"
    assert Vault([NEW]).rotate(moved) != moved  # again does no harm: rotation can be resumed


def test_rotation_refuses_what_it_cannot_open():
    with pytest.raises(VaultError):
        Vault([NEW]).rotate(encrypted)


def test_errors_do_not_show_the_secret():
    with pytest.raises(VaultError) as caught:
        vault.decrypt("connections.refresh", 8, encrypted)
    assert "AQAq3u" not in str(caught.value)
    assert encrypted not in str(caught.value)
