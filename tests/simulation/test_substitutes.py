"""What a run remembers instead of doing it again says what the product would."""

from __future__ import annotations

import pytest
from cryptography.fernet import MultiFernet

from audiospective import clock
from audiospective.models.connections import ACCESS_PLACE, REFRESH_PLACE
from audiospective.simulation import losses, substitutes
from audiospective.simulation.instance import running
from audiospective.simulation.losses import Item, Page
from audiospective.vault import VaultError


@pytest.fixture(scope="module")
def vault():
    with running(6, share=0) as instance:
        yield instance.services.vault


def test_a_secret_that_was_just_encrypted_is_known(vault, monkeypatch):
    made = vault.encrypt(ACCESS_PLACE, 1, "a token")
    assert vault.decrypt(ACCESS_PLACE, 1, made) == "a token"
    monkeypatch.delattr(MultiFernet, "decrypt")
    assert vault.decrypt(ACCESS_PLACE, 1, made) == "a token"


@pytest.mark.parametrize(("place", "owner"), [(ACCESS_PLACE, 2), (REFRESH_PLACE, 1)])
def test_a_secret_that_belongs_elsewhere_is_refused_as_ever(vault, place, owner):
    made = vault.encrypt(ACCESS_PLACE, 1, "a token")
    with pytest.raises(VaultError, match="belongs elsewhere"):
        vault.decrypt(place, owner, made)


def test_a_secret_that_was_forgotten_is_decrypted(vault, monkeypatch):
    monkeypatch.setattr(substitutes, "SECRETS", 3)
    made = vault.encrypt(ACCESS_PLACE, 1, "a token")
    for number in range(5):
        vault.encrypt(ACCESS_PLACE, number, "another")
    assert vault.decrypt(ACCESS_PLACE, 1, made) == "a token"


def test_an_instant_of_a_page_is_made_once(vault):
    assert clock.from_ms(1_766_880_000_123) is clock.from_ms(1_766_880_000_123)


def test_a_gap_is_judged_by_one_look_at_its_page(monkeypatch):
    """However many stretches it has: each costs a search in what is in order already."""
    looks, look = [], losses._shown

    def counted(known, count):
        looks.append(count)
        return look(known, count)

    monkeypatch.setattr(losses, "_shown", counted)
    before, after = (
        [Item(n, n, n) for n in numbers] for numbers in (range(1, 51), range(100, 150))
    )
    last = Page(60, tuple(reversed(before)), tuple(reversed(before)), frozenset())
    now = Page(200, tuple(reversed(after)), tuple(reversed(after)), frozenset(after))
    parts = losses.stretches(now, last, (10, 60, 100), since=0, settled=5)
    assert [part for part in parts if part.in_time] == [part for part in parts if part.start >= 55]
    assert len(parts) > 30
    assert len(looks) == 11
