"""The import pages in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audiospective.imports import stepping
from audiospective.models.imports import DONE, Import
from tests.factories import make_user
from tests.imports.importing import month, spotify_file


@pytest.mark.parametrize("style", ["light", "narrow"])
def test_a_file_is_sent_reviewed_and_added(
    make_house: Any, open_page: Any, tmp_path: Path, style: str
) -> None:
    house = make_house()
    file = tmp_path / "endsong_0.json"
    file.write_bytes(spotify_file(*month(), {"ts": "never"})["endsong_0.json"])
    page = open_page(style)
    page.context.add_cookies([house.cookie(make_user("alice"))])
    page.goto(f"{house.url}/imports")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("Files (one import)").set_input_files(file)
    page.get_by_role("button", name="Upload and review").press("Enter")
    page.get_by_text("Reading your files").first.wait_for()
    with house.services.database.connection_context():
        stepping.work(house.services, Import.get().id)
    page.get_by_role("button", name="Add 56 plays").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Add 56 plays").press("Enter")
    page.get_by_text("Adding the plays").first.wait_for()
    with house.services.database.connection_context():
        stepping.work(house.services, Import.get().id)
        assert Import.get().status == DONE
    page.get_by_role("button", name="Take this import back").wait_for()
