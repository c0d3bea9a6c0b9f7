"""Small worlds of one shape: all is right in them, and wrong without the safety they are for."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from audiospective.cli.simulate import command
from audiospective.simulation import mutants, report, scenes
from audiospective.simulation.run import Plan, simulate

SHOWN = [
    ("late-overflow", "old-overlap-rule"),
    ("late-overflow", "late-plays"),
    ("short-page", "old-overlap-rule"),
    ("short-page", "short-pages"),
    ("unreadable-page", "old-overlap-rule"),
    ("unreadable-page", "unreadable-items"),
    ("known-file", "old-overlap-rule"),
    ("late-between", "mixed-pages"),
    ("no-worker-at-first", "first-page"),
    ("linked-tracks", "linked-tracks"),
    ("damaged-segment", "seal-verification"),
    ("cut-object", "storage-proof"),
    ("delivered-twice", "idempotency"),
    ("delivered-twice", "due-check"),
    ("everybody-refused", "mass-guard"),
    ("one-cannot-be-stored", "isolation"),
    ("release-before", "way-back"),
]
LOSSES = {
    "late-overflow": 71,
    "short-page": 73,
    "unreadable-page": 158,
    "known-file": 0,
    "late-between": 23,
    "no-worker-at-first": 80,
}


def play(scene, mutant=None):
    members = scenes.MEMBERS.get(scene, 1)
    return simulate(Plan(members, scenes.DAYS, 1, "none", mutant, scene=scene))


def test_every_scene_is_there_for_a_safety():
    assert {scene for scene, _ in SHOWN} == set(scenes.SCENES)


@pytest.mark.parametrize(("scene", "mutant"), SHOWN)
def test_a_scene_shows_that_its_safety_is_switched_off(scene, mutant):
    assert play(scene, mutant).wrong


@pytest.mark.parametrize("scene", scenes.SCENES)
def test_nothing_is_wrong_in_a_scene_with_every_safety(scene):
    result = play(scene)
    assert result.wrong == [], "\n".join(report.failure(result))
    assert result.balance.lost.total() == LOSSES.get(scene, 0)  # so many lie in gaps
    assert result.balance.gap_hours <= result.balance.possible_hours + 1


def test_a_poll_that_redis_does_not_know_to_be_done_is_done_once_all_the_same():
    with mutants.unmarked():
        result = play("delivered-twice")
    assert result.wrong == [], "\n".join(report.failure(result))


def test_the_command_plays_a_scene():
    said = CliRunner().invoke(command, ["--scene", "known-file", "--mutant", "old-overlap-rule"])
    assert said.exit_code == 0, said.output
    assert "is false" in said.output
    assert "late-overflow: " in CliRunner().invoke(command, ["--scene", "list"]).output
