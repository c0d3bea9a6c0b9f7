"""What a mark's note says, whoever wrote it."""

from __future__ import annotations

from typing import Any

import pytest

from audiospective.models.marks import Mark


@pytest.mark.parametrize(
    ("note", "noted"),
    [("", {}), ('{"days": 3}', {"days": 3}), ("[3]", {}), ("null", {}), ("three days", {})],
)
def test_a_note_that_is_no_object_says_nothing(note: str, noted: dict[str, Any]) -> None:
    assert Mark(note=note).noted == noted
