"""Colours: every pair that carries meaning can be read, in light and in dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = Path("static/css")
TOKENS = (CSS / "tokens.css").read_text()
LIGHT_DARK = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
COLOURS = {name: {"light": light, "dark": dark} for name, light, dark in LIGHT_DARK.findall(TOKENS)}
GROUNDS = ("bg", "surface", "sunk", "foot")


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_yardstick_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", ["text", "muted", "accent", "accent-strong", "good", "warn", "bad"])
def test_text_can_be_read_on_every_ground(ink: str, ground: str, scheme: str) -> None:
    assert contrast(COLOURS[ink][scheme], COLOURS[ground][scheme]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tone", ["good", "warn", "bad", "accent"])
def test_text_can_be_read_on_washes(tone: str, scheme: str) -> None:
    wash = COLOURS[f"{tone}-wash"][scheme]
    for ink in ("text", "muted", tone):
        assert contrast(COLOURS[ink][scheme], wash) >= 4.5, ink


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_on_the_accent_can_be_read(scheme: str) -> None:
    for face in ("accent", "accent-strong"):
        assert contrast(COLOURS["on-accent"][scheme], COLOURS[face][scheme]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_borders_of_controls_and_the_focus_ring_can_be_seen(ground: str, scheme: str) -> None:
    for line in ("control", "accent"):
        assert contrast(COLOURS[line][scheme], COLOURS[ground][scheme]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_heat_steps_are_told_apart_by_lightness(scheme: str) -> None:
    steps = [luminance(COLOURS[f"heat-{step}"][scheme]) for step in range(5)]
    assert steps in (sorted(steps), sorted(steps, reverse=True))
    ends = contrast(COLOURS["heat-0"][scheme], COLOURS["heat-4"][scheme])
    assert ends >= 4.5


def test_the_accent_is_not_spotifys_green() -> None:
    for colour in COLOURS["accent"].values():
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        assert blue >= green > red


def test_every_token_that_is_used_exists() -> None:
    own = set(re.findall(r"--([\w-]+):", "".join(p.read_text() for p in CSS.glob("**/*.css"))))
    for path in CSS.glob("**/*.css"):
        used = set(re.findall(r"var\(--([\w-]+)", path.read_text()))
        assert used <= own, path


def test_colours_live_in_the_tokens_alone() -> None:
    for path in CSS.glob("**/*.css"):
        if path.name != "tokens.css":
            assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?!\s*[{,.:])", path.read_text()) == [], path


def test_motion_is_left_out_for_those_who_ask() -> None:
    base = (CSS / "base.css").read_text()
    reduced = base[base.index("prefers-reduced-motion: reduce") :]
    assert "navigation: none" in reduced
    assert "animation: none" in reduced
