"""A new key can take over while the archive runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cryptography.fernet import Fernet

from audiospective.models import Connection
from audiospective.models.base import LONG_AGO
from audiospective.operations import key_rotation
from audiospective.polling import batch
from audiospective.vault import Vault
from tests.factories import connected
from tests.fixtures import TOKEN_KEY

NEW = Fernet.generate_key().decode()


def test_after_rotating_the_old_key_is_no_longer_needed(services, frozen):
    alice, bob = connected(services, "alice"), connected(services, "bob")
    both = replace(services, vault=Vault([NEW, TOKEN_KEY]))
    report = key_rotation.rotate(both)
    assert report.moved == {
        "connections.access_sealed": 2,
        "connections.refresh_sealed": 2,
        "spotify_apps.secret_sealed": 1,
    }
    only = replace(services, vault=Vault([NEW]))
    for one in (alice, bob):
        encrypted = Connection.get_by_id(one.user_id).refresh_encrypted
        opened = only.vault.decrypt("connections.refresh", one.user_id, encrypted)
        assert opened == f"refresh-{one.user_id}"
    assert batch.credentials(only, {1})[1].client_secret == "sandbox-secret"


def test_a_connection_in_a_workers_hands_is_left_for_the_next_run(services, frozen):
    alice = connected(services, lease_until=frozen.now + timedelta(seconds=30))
    both = replace(services, vault=Vault([NEW, TOKEN_KEY]))
    assert key_rotation.rotate(both).busy.total() == 2
    assert Connection.get_by_id(alice.user_id).refresh_encrypted == alice.refresh_encrypted
    Connection.update(lease_until=LONG_AGO).execute()
    assert key_rotation.rotate(both).busy.total() == 0


def test_a_value_that_no_key_opens_is_counted_and_kept(services, frozen):
    alice = connected(services)
    stranger = Vault([Fernet.generate_key().decode()]).encrypt("connections.access", 1, "x")
    Connection.update(access_encrypted=stranger).execute()
    report = key_rotation.rotate(services)
    assert report.broken == {"connections.access_sealed": 1}
    assert Connection.get_by_id(alice.user_id).access_encrypted == stranger


def test_every_encrypted_column_is_found():
    found = {
        f"{model._meta.table_name}.{column.column_name}" for model, column in key_rotation.columns()
    }
    assert found >= {
        "connections.access_sealed",
        "connections.refresh_sealed",
        "notices.data_sealed",
        "spotify_apps.secret_sealed",
    }
