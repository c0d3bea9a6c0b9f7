"""What a member's use of everything has written, and that nothing of it is left once they go."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from audiospective import clock
from audiospective.accounts import (
    api_tokens,
    deletion,
    erasure,
    shares,
    sign_in_link,
    spotify_app,
    waitlist,
)
from audiospective.clients.deadline import Deadline
from audiospective.clients.listen_server import AwayError
from audiospective.exports import (
    export_job,
    export_requests,
    forwarding,
    forwarding_round,
    schedule,
)
from audiospective.history.catalog import lookup, unreferenced
from audiospective.imports import listens
from audiospective.models import ApiToken, Connection, User
from audiospective.models.forwards import Forward
from audiospective.operations import catalog, closed_years
from audiospective.policy import api_scopes
from tests.exports.test_forwarding import FakeServer, there  # noqa: F401 - a fixture
from tests.support import belongings
from tests.support.belongings import Belongings
from tests.support.life import Life

TAG = "zqalice"
ADDRESS = f"{TAG}@mail.example"


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture) -> Any:
    """Everything that was logged so far, by whomever, with all fields."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("peewee").setLevel(logging.INFO)  # it quotes each statement, and is off
    return lambda: "\n".join(f"{one.getMessage()} {vars(one)}" for one in caplog.records)


def names() -> str:
    """All that the catalog holds, unpacked."""
    every = range(1, unreferenced.next_track())
    return repr([*lookup.described(every)[0].values(), *lookup.described(every)[1].values()])


def everything(life: Life, server: FakeServer) -> Belongings:
    """A member who polls, scrobbles, forwards, exports, shares, makes tokens; each value known."""
    services = life.services
    connection = life.person(TAG, plays=3)
    user = User.get_by_id(connection.user_id)
    life.passes(hours=2)
    at = clock.to_ms(clock.now()) // 1000 - 900
    listens.take(user.id, [
        {"listened_at": at, "track_metadata": {
            "artist_name": f"{TAG}-artist", "track_name": f"{TAG}-title",
            "release_name": f"{TAG}-album",
            "additional_info": {"media_player": f"{TAG}-player"}}}
    ])  # fmt: skip
    token = api_tokens.make(user, f"{TAG}-token", [api_scopes.PLAYS], 30)
    assert api_tokens.find(token)
    shared = shares.make(user, shares.PROFILE, shares.DAYS[0], "UTC")
    forwarding.save(services, user, f"https://{TAG}.example", f"{TAG}-secret", players=True)
    life.plays(connection, 2)
    life.passes(hours=1)
    assert forwarding_round.carry_out(services, Deadline(forwarding.SECONDS)) >= 1
    life.passes(hours=1)
    server.failures = [AwayError(f"{TAG}-away")]
    forwarding_round.carry_out(services, Deadline(forwarding.SECONDS))
    schedule.save(services, user, "json", None)
    export, _ = export_requests.ask(services, user, "csv", compatible=False)
    export_job.work(services, export.id, Deadline(60))
    waitlist.request(services, ADDRESS)
    sign_in_link.send(services, ADDRESS, f"/{TAG}")
    life.passes(minutes=20)
    made = Belongings(user.id, TAG)
    row = ApiToken.get(ApiToken.user == user)
    made.values += [
        ADDRESS, f"account-{TAG}", TAG.title(), f"{TAG}-artist", f"{TAG}-title", f"{TAG}-album",
        f"{TAG}-player", f"{TAG}-token", row.token_sha256, row.prefix, user.session_key,
        Forward.get().token_encrypted, Connection.get(Connection.user == user).refresh_encrypted, f"https://{TAG}.example",
    ]  # fmt: skip
    made.rows = {"tokens": (token, shared, f"{TAG}-secret", f"refresh-{user.id}")}
    return made


def test_nothing_is_left_of_what_was_used(life: Life, there: FakeServer, written: Any) -> None:  # noqa: F811
    spotify_app.environment_app(life.services)
    life.person("bob", plays=3)
    alice = everything(life, there)
    log = written()
    seen = belongings.found(life.services, alice, names())
    assert seen >= {ADDRESS, f"{TAG}-title", f"{TAG}-artist", f"{TAG}-album", f"{TAG}-token"}
    deletion.at_once(life.services, User.get_by_id(alice.user_id))
    erasure.carry_out(life.services, Deadline(60))
    life.passes(hours=3)
    erasure.carry_out(life.services, Deadline(60))  # the receipt has left
    for _ in range(3):  # what only she had leaves the catalog with the weekly round
        life.frozen.forward(days=7)
        catalog.free()
        closed_years.round_of(life.services)
    assert belongings.found(life.services, alice, names()) == set()
    assert belongings.rows_of(alice.user_id) == {}
    assert "bob@mail.example" in "".join(str(one) for one in User.select(User.email).tuples())
    for told in (*alice.values, *alice.rows["tokens"]):
        assert str(told) not in log + written(), told
