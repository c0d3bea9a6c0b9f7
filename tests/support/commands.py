"""The commands of `python -m audiospective`, run in the process of the test."""

from __future__ import annotations

from click.testing import CliRunner, Result

from audiospective import models
from audiospective.cli import audiospective
from audiospective.history.closed import objects
from tests.jobs.stack import Stack
from tests.support.leftovers import as_found


def run(stack: Stack, *words: str, typed: str = "", **environment: str) -> Result:
    """What a command says, and its exit status; `environment` goes before that of the stack.

    A process of its own would take a second of a processor to start, more than most commands do.
    What a command lets through is raised. The test then has its own database and storage again.
    """
    before, kept = models.database.obj, objects.storage()
    try:
        with as_found():
            done = CliRunner().invoke(
                audiospective, words, input=typed, env={**stack.environment, **environment}
            )
    finally:
        if models.database.obj is not before:
            models.database.close()
            models.database.initialize(before)
        objects.bind(kept)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done
