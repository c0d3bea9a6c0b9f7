"""One sealer per person: whoever comes second turns back at once."""

from __future__ import annotations

import threading

from audiospective import models
from audiospective.history import lock, sealing
from audiospective.models import database
from tests.history.making import at, person, play, track


def test_whoever_comes_second_turns_back(postgres_database_url: str) -> None:
    models.bind(postgres_database_url)
    moved = {}

    def seal_elsewhere() -> None:
        with database.connection_context():
            moved.update({one: sealing.seal(one, keep=0, trigger=0) for one in (alice, bob)})

    with database.connection_context():
        alice, bob, song = person("alice"), person("bob"), track("song")
        for user in (alice, bob):
            play(user, at(0), song)
        with lock.held(alice):
            thread = threading.Thread(target=seal_elsewhere)
            thread.start()
            thread.join()
        assert moved == {alice: 0, bob: 1}
        assert sealing.seal(alice, keep=0, trigger=0) == 1
