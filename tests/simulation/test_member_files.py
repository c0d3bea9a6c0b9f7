"""A member's file comes to exactly what it must, and a careless match is noticed."""

from __future__ import annotations

import pytest

from audiospective.models.imports import UNDONE, Import
from audiospective.simulation import member_files, mutants
from audiospective.simulation.instance import running
from audiospective.simulation.run import Plan, Result, Run
from audiospective.simulation.timeline import DAY


@pytest.mark.parametrize("mutant", [None, "import-one-to-one"])
def test_plays_of_a_file_are_matched_one_to_one_and_go_again(mutant):
    plan = Plan(1, 1, 1, "none", mutant)
    with mutants.of(mutant), running(1, share=0) as instance:
        run = Run(plan, instance, Result(plan))
        alice = run.people[0]
        with run.oracle.watching():
            carried_out(run)
            instance.timeline.pass_by(3 * DAY)
            member_files.bring(instance, alice, alice.polled)
            carried_out(run)
            member_files.go_on(instance, alice)
            carried_out(run)
            assert member_files.counts(alice) == alice.imported != set()
            run.oracle.check_archives()
            assert bool(run.oracle.wrong) == (mutant is not None)
            member_files.take_back(instance, alice)
            carried_out(run)
            assert member_files.counts(alice) == set()
            run.oracle.check_archives()
            assert bool(run.oracle.wrong) == (mutant is not None)


def test_a_member_who_took_a_file_back_brings_another_and_only_then():
    plan = Plan(1, 1, 1, "none", None)
    with running(1, share=0) as instance:
        run = Run(plan, instance, Result(plan))
        alice = run.people[0]
        with run.oracle.watching():
            carried_out(run)
            instance.timeline.pass_by(3 * DAY)
            for _ in range(3):
                member_files.bring(instance, alice, alice.polled)
                first = alice.import_id
                member_files.bring(instance, alice, alice.polled)
                carried_out(run)
                member_files.go_on(instance, alice)
                carried_out(run)
                member_files.bring(instance, alice, alice.polled)
                assert alice.import_id == first
                assert member_files.counts(alice) == alice.imported != set()
                run.oracle.check_archives()
                member_files.take_back(instance, alice)
                carried_out(run)
                run.oracle.check_archives()
        assert not run.oracle.wrong
        assert Import.select().where(Import.status == UNDONE).count() == 3


def test_no_play_is_written_beside_one_of_the_same_song_by_another_id():
    """The archive would take them for one, as it must where only ids differ."""
    with running(5, share=0) as instance:
        songs = {}
        for track in instance.world.catalog.tracks.values():
            key = (track.name, track.album.artists[0].name)
            songs.setdefault(key, []).append(track.id)
        one, other = next(ids for ids in songs.values() if len(ids) > 1)[:2]
        near, at = 40_000, 1_000_000_000
        assert member_files._is_alone(instance, {(at, one)}, at, one)
        assert not member_files._is_alone(instance, {(at, one), (at + near, other)}, at, one)


def carried_out(run):
    queues = run.instance.queues
    while (at := queues.next_at()) is not None:
        run.instance.timeline.to(at)
        job = queues.next_job()
        run._step(job.task, lambda job=job: run._job(job))
