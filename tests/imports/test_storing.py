"""What storage gives back of an import is what was sent, whatever else lies there."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiospective import clock
from audiospective.clients.storage import DamagedError
from audiospective.imports import storing
from audiospective.models import Import
from audiospective.models.imports import ImportFile
from tests.factories import make_user


@pytest.fixture
def sent(services) -> Import:
    """An import of one file of eight bytes, in two pieces."""
    row = Import.create(user=make_user("alice"), created_at=clock.now(), changed_at=clock.now())
    ImportFile.create(owner=row, number=0, name="a.json", size=8)
    for offset, data in ((0, b"01234"), (5, b"567")):
        services.storage.put(storing.part(row, 0, offset), data)
    return row


@pytest.mark.parametrize("offset", [3, 8, 12])
def test_pieces_that_a_forgotten_import_left_under_its_number_are_no_part(
    services, sent, tmp_path, offset
) -> None:
    """A restored database gives the number of an import that came since once more."""
    services.storage.put(storing.part(sent, 0, offset), b"left")
    with storing.files(services.storage, sent, tmp_path) as found:
        ((path, name),) = found
    assert (Path(path).read_bytes(), name) == (b"01234567", "a.json")


def test_a_piece_that_is_gone_is_told(services, sent, tmp_path) -> None:
    services.storage.delete(storing.part(sent, 0, 0))
    with (
        pytest.raises(DamagedError),
        storing.files(services.storage, sent, tmp_path),
    ):
        raise AssertionError
