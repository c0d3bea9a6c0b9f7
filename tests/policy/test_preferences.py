"""What can be chosen, what a form asks for, and what a row that says nonsense means."""

from __future__ import annotations

import pytest

from audiospective.policy import preferences
from audiospective.policy.preferences import Preferences


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({}, Preferences()),
        ({"week_start": 7, "theme": "dark"}, Preferences(week_start=7, theme="dark")),
        ({"week_start": 3, "counting_rule": "loud", "theme": None}, Preferences()),
        (
            {"counting_rule": "completed", "counting_measure": "time", "other": 1},
            Preferences(counting_rule="completed", counting_measure="time"),
        ),
    ],
)
def test_a_row_says_what_was_chosen_and_nonsense_counts_as_nothing(stored, expected) -> None:
    assert preferences.read(stored) == expected


@pytest.mark.parametrize(
    ("form", "wanted", "refused"),
    [
        ({}, {}, []),
        ({"week_start": "7", "csrf_token": "x"}, {"week_start": 7}, []),
        ({"week_start": "07"}, {}, ["week_start"]),
        ({"week_start": "2", "theme": "dark"}, {"theme": "dark"}, ["week_start"]),
        (
            {"counting_rule": "30s", "counting_measure": "loudness"},
            {"counting_rule": "30s"},
            ["counting_measure"],
        ),
    ],
)
def test_a_form_asks_for_what_can_be_chosen_and_the_rest_is_named(form, wanted, refused) -> None:
    assert preferences.parse(form) == (wanted, refused)


def test_every_default_is_one_of_the_choices() -> None:
    for name in preferences.NAMES:
        assert getattr(Preferences(), name) in preferences.ALLOWED[name]
