"""What axe tells the other tests: every fault with its place, and what it leaves to a person."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser import axe

PALE = '<p style="color: #bbb; background: #fff">Hard to read</p>'
NAMELESS = '<img src="data:,">'
FILM = "<video></video>"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<p>Nothing wrong</p>", []),
        (PALE * 3, ["color-contrast: ['p:nth-child(2)']", "color-contrast: ['p:nth-child(3)']",
                    "color-contrast: ['p:nth-child(4)']"]),
        (NAMELESS * 2, ["image-alt: ['img:nth-child(2)']", "image-alt: ['img:nth-child(3)']"]),
        (FILM, ["undecided video-caption: [['video']]"]),
    ],
)  # fmt: skip
def test_every_fault_is_told_with_its_place(page: Page, body: str, found: list[str]) -> None:
    page.set_content(
        f"<!doctype html><html lang=en><title>One</title><main><h1>One</h1>{body}</main>"
    )
    told = axe.violations(page)
    assert len(told) == len(found), told
    assert all(map(str.startswith, told, found)), told


def test_contrast_alone_is_looked_at_where_only_colours_changed(page: Page) -> None:
    page.set_content(f"<main>{NAMELESS}{PALE}</main>")
    (told,) = axe.violations(page, of=axe.CONTRAST)
    assert told.startswith("color-contrast: ['p']")
