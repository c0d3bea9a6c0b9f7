"""The interface for programs: what a token opens, page by page, and what it does not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from werkzeug.test import TestResponse

from audiospective import clock
from audiospective.accounts import api_tokens, deletion, sessions
from audiospective.exports.formats import json as json_export
from audiospective.exports.snapshot import Owner, take
from audiospective.history import append, sealing
from audiospective.history.catalog import polled
from audiospective.history.closed import away
from audiospective.history.closed.away import YearAwayError
from audiospective.models import ApiToken, Play, User
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.plays import FROM_POLL
from audiospective.policy import api_scopes
from audiospective.web import throttle
from audiospective.web.api import plays as plays_view
from audiospective.web.api import tokens
from audiospective.web.throttle import Limit
from tests.factories import connected, make_user, track
from tests.support.clocks import Frozen
from tests.web.conftest import Site

READING = (api_scopes.PLAYS, api_scopes.STATS, api_scopes.HEALTH)
HOUR = timedelta(hours=1)


def save(user: User, *names: str, newest: datetime | None = None) -> None:
    """One play an hour, the first name the newest."""
    at = newest or clock.now()
    facts = {name: track(name) for name in names}
    ids = polled.remember(facts.values())
    append.polled(
        [
            append.NewPlay(
                user.id, clock.to_ms(at - back * HOUR), ids[facts[name].spotify_id], None
            )
            for back, name in enumerate(names)
        ]
    )


@pytest.fixture
def alice(site: Site, frozen: Frozen) -> User:
    now = clock.now()
    user: User = connected(site.services, last_success_at=now, last_polled_at=now).user
    User.update(timezone="Europe/Berlin").where(User.id == user.id).execute()
    return User.get_by_id(user.id)


def token(user: User, *scopes: str, days: int = 30) -> str:
    return api_tokens.make(user, "Test", scopes or READING, days)


def ask(site: Site, path: str, shown: str | None, scheme: str = "Bearer", **query: Any) -> Any:
    headers = {} if shown is None else {"Authorization": f"{scheme} {shown}"}
    return site.visitor().get(path, query_string=query or None, headers=headers)


def is_problem(answer: TestResponse, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    body: dict[str, Any] = answer.json
    assert body["status"] == status
    assert {"type", "title", "detail"} <= body.keys()
    return body


def test_plays_come_as_the_json_export_has_them(site: Site, alice: User, tmp_path: Any) -> None:
    save(alice, "Slack Water", "Ebb", "Flood")
    found = ask(site, "/api/v1/plays", token(alice)).json
    assert found["next"] is None
    snapshot = take(alice.id, Owner("Alice", "Europe/Berlin"), clock.now(), tmp_path)
    (part,) = json_export.FORMAT.parts(snapshot, None)
    with (tmp_path / "plays.json").open("wb") as out:
        part.write(out)
    exported = orjson.loads((tmp_path / "plays.json").read_bytes())["plays"]
    assert found["plays"] == exported[::-1]
    assert found["plays"][0]["track"]["name"] == "Slack Water"


def test_what_a_newer_release_tells_of_a_play_is_unknown(site: Site, alice: User) -> None:
    save(alice, "Slack Water", "Ebb")
    Play.update(source=FROM_POLL | 4, timing=99).execute()
    found = ask(site, "/api/v1/plays", token(alice)).json["plays"]
    assert [(one["source"], one["timing"]) for one in found] == [("poll", "unknown")] * 2


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_pages_follow_one_another_without_loss_or_double(
    site: Site, alice: User, order: str, frozen: Frozen
) -> None:
    save(alice, *(f"Song {n:02}" for n in range(23)), newest=clock.now() - timedelta(days=500))
    sealing.seal(alice.id)
    save(alice, *(f"Late {n:02}" for n in range(7)))
    shown, names, address = token(alice), [], "/api/v1/plays"
    query: dict[str, Any] = {"limit": 4, "order": order}
    while address:
        answer = ask(site, address, shown, **query)
        assert answer.status_code == 200, answer.text
        names += [play["track"]["name"] for play in answer.json["plays"]]
        address, query = (answer.json["next"] or "").removeprefix("http://127.0.0.1:8000"), {}
    wanted = [f"Late {n:02}" for n in range(7)] + [f"Song {n:02}" for n in range(23)]
    assert names == (wanted if order == "desc" else wanted[::-1])


def test_from_and_to_cut_half_open(site: Site, alice: User) -> None:
    save(alice, "Three", "Two", "One", newest=datetime(2026, 3, 1, 12, tzinfo=clock.EPOCH.tzinfo))

    def between(**query: str) -> list[str]:
        answer = ask(site, "/api/v1/plays", token(alice), **query)
        return [play["track"]["name"] for play in answer.json["plays"]]

    assert between(**{"from": "2026-03-01T11:00:00Z"}) == ["Three", "Two"]
    assert between(to="2026-03-01T12:00:00+01:00") == ["One"]
    assert between(**{"from": "2026-03-01T11:00:00Z", "to": "2026-03-01T11:00:00.001Z"}) == ["Two"]


NOT_UNDERSTOOD = [
    ("plays", {"limit": "0"}),
    ("plays", {"limit": "1001"}),
    ("plays", {"limit": "ten"}),
    ("plays", {"from": "yesterday"}),
    ("plays", {"from": "2026-03-01"}),
    ("plays", {"from": "2026-03-01T00:00:00"}),
    ("plays", {"to": "0001-01-01T00:00:00+23:00"}),
    ("plays", {"order": "random"}),
    ("plays", {"cursor": "1"}),
    ("plays", {"cursor": "1.99999999999"}),
    ("plays", {"colour": "red"}),
    ("totals", {"period": "2026-13"}),
    ("totals", {"period": "2199"}),
    ("tops/artists", {"period": "last week"}),
    ("tops/artists", {"limit": "-1"}),
    ("health", {"verbose": "1"}),
]


def test_what_cannot_be_understood_is_refused_by_name(site: Site, alice: User) -> None:
    shown = token(alice)
    for path, query in NOT_UNDERSTOOD:
        answer = ask(site, f"/api/v1/{path}", shown, **query)
        assert is_problem(answer, 400)["parameter"] in query


def test_totals_and_tops_are_those_of_the_pages(site: Site, alice: User) -> None:
    save(
        alice,
        "Ebb",
        "Ebb",
        "Slack Water",
        newest=datetime(2026, 3, 1, 12, tzinfo=clock.EPOCH.tzinfo),
    )
    shown = token(alice)
    totals = ask(site, "/api/v1/totals", shown, period="2026-03").json
    assert totals["period"] == {
        "name": "2026-03", "first_day": "2026-03-01", "last_day": "2026-03-31",
        "time_zone": "Europe/Berlin",
    }  # fmt: skip
    assert (totals["plays"], totals["tracks"], totals["listened_ms"]) == (3, 2, 600_000)
    assert totals["counting"] == {"rule": "all", "measure": "plays"}
    tops = ask(site, "/api/v1/tops/tracks", shown).json["tracks"]
    assert [(one["rank"], one["name"], one["plays"]) for one in tops] == [
        (1, "Ebb", 2), (2, "Slack Water", 1),
    ]  # fmt: skip
    assert tops[0]["artists"] == ["Harbour Lights"]
    (artist,) = ask(site, "/api/v1/tops/artists", shown).json["artists"]
    assert (artist["name"], artist["tracks"]) == ("Harbour Lights", 2)
    (album,) = ask(site, "/api/v1/tops/albums", shown, limit=1).json["albums"]
    assert (album["name"], album["artists"]) == ("Harbour Lights sings", ["Harbour Lights"])
    is_problem(ask(site, "/api/v1/tops/genres", shown), 404)


def test_health_tells_of_coverage_and_gaps(site: Site, alice: User) -> None:
    now = clock.now()
    Coverage.begin(alice.id, now - timedelta(days=9))
    Gap.create(
        user=alice, started_at=now - timedelta(days=2), probably_from=now - timedelta(days=2),
        ended_at=now - timedelta(days=1), cause="outage", certainty="sure", opened_at=now,
    )  # fmt: skip
    found = ask(site, "/api/v1/health", token(alice, api_scopes.HEALTH)).json
    assert found["status"] == "up_to_date"
    (known,), (gap,) = found["coverage"], found["gaps"]
    assert known["grows"]
    assert (gap["cause"], gap["closed_at"], gap["recovered"]) == ("outage", None, 0)
    assert gap["from"] < gap["to"]


def test_a_zone_that_this_machine_does_not_know_is_no_error(site: Site, alice: User) -> None:
    User.update(timezone="Mars/Phobos").execute()
    for path in ("/api/v1/plays", "/api/v1/totals"):
        assert ask(site, path, token(alice)).status_code == 200


def test_an_empty_archive_is_an_answer(site: Site) -> None:
    shown = token(make_user("carol", spotify_account_id=None, spotify_id=None))
    assert ask(site, "/api/v1/plays", shown).json == {"next": None, "plays": []}
    assert ask(site, "/api/v1/totals", shown).json["plays"] == 0
    assert ask(site, "/api/v1/tops/tracks", shown).json["tracks"] == []
    assert ask(site, "/api/v1/health", shown).json["status"] == "empty"


def test_each_address_asks_for_its_own_permission(site: Site, alice: User) -> None:
    shown = {scope: token(alice, scope) for scope in api_scopes.SCOPES}
    for path in ("plays", "totals", "tops/tracks", "health"):
        answers = {scope: ask(site, f"/api/v1/{path}", one) for scope, one in shown.items()}
        opened = [scope for scope, answer in answers.items() if answer.status_code == 200]
        assert len(opened) == 1, path
        for scope in shown.keys() - opened:
            assert is_problem(answers[scope], 403)["scope"] == opened[0]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token"])
def test_a_token_is_shown_in_the_header_alone(site: Site, alice: User, scheme: str) -> None:
    shown = token(alice)
    assert ask(site, "/api/v1/health", shown, scheme).status_code == 200
    assert ask(site, "/api/v1/health", shown.upper(), scheme).status_code == 200
    answer = site.visitor().get(f"/api/v1/health?token={shown}")
    assert "realm" in answer.headers["WWW-Authenticate"]
    is_problem(answer, 401)
    is_problem(ask(site, "/api/v1/health", shown, "Basic"), 401)
    is_problem(ask(site, "/api/v1/health", f"{shown}x", scheme), 401)
    is_problem(ask(site, "/api/v1/health", shown[:-1], scheme), 401)


def test_a_session_opens_nothing_here_and_no_cookie_is_set(site: Site, alice: User) -> None:
    browser = site.member(alice)
    is_problem(browser.get("/api/v1/plays"), 401)
    answer = browser.get("/api/v1/plays", headers={"Authorization": f"Bearer {token(alice)}"})
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_token_ends_by_its_date_by_hand_and_with_everything(
    site: Site, alice: User, frozen: Frozen
) -> None:
    def opens(shown: str) -> bool:
        return ask(site, "/api/v1/health", shown).status_code == 200

    ended, kept = token(alice), token(alice)
    assert not api_tokens.end(make_user("bob"), ApiToken.get().id)
    assert api_tokens.end(alice, ApiToken.select().order_by(ApiToken.id).get().id)
    assert (opens(ended), opens(kept)) == (False, True)
    frozen.forward(days=30)
    assert not opens(kept)
    assert api_tokens.forget(clock.now()) == 1
    everywhere, deleted = token(alice), make_user("dora")
    sessions.end_all(alice)
    assert not opens(everywhere)
    hers = token(deleted)
    assert opens(hers)
    deletion.at_once(site.services, deleted)
    assert not opens(hers)


def test_only_a_hash_is_kept_and_a_use_is_noted_now_and_then(
    site: Site, alice: User, frozen: Frozen, queries: list[str]
) -> None:
    shown = token(alice)
    row = ApiToken.select().dicts().get()
    assert shown not in str(row)
    assert row["used_at"] is None
    ask(site, "/api/v1/health", shown)
    first = ApiToken.get().used_at
    queries.clear()
    ask(site, "/api/v1/health", shown)
    assert [sql for sql in queries if sql.startswith("UPDATE")] == []
    frozen.forward(minutes=11)
    ask(site, "/api/v1/health", shown)
    assert ApiToken.get().used_at > first


def test_a_limit_is_the_tokens_own_and_strangers_cannot_spend_it(
    site: Site, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "REFUSED", Limit("api refused", 2, 300))
    for _ in range(2):
        is_problem(ask(site, "/api/v1/health", "0" * 36), 401)
    answer = ask(site, "/api/v1/health", "0" * 36)
    assert int(answer.headers["Retry-After"]) > 0
    is_problem(answer, 429)
    one, other = token(alice), token(alice)
    with site.app.test_request_context():
        number = ApiToken.select().order_by(ApiToken.id).get().id
        for _ in range(tokens.READS.count):
            throttle.spend(tokens.READS, who=f"token {number}")
    is_problem(ask(site, "/api/v1/health", one), 429)
    assert ask(site, "/api/v1/health", other).status_code == 200


def test_every_error_under_the_address_of_programs_is_a_problem(
    site: Site, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = {"Authorization": f"Bearer {token(alice)}"}
    visitor = site.visitor()
    is_problem(visitor.get("/api/v1/nothing"), 404)
    assert "GET" in visitor.post("/api/v1/plays", headers=shown).headers["Allow"]
    is_problem(visitor.post("/api/v1/plays", headers=shown), 405)
    is_problem(visitor.get("/api/v1/plays", headers={"Host": "evil.example"}), 400)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of it")

    monkeypatch.setattr(plays_view.search, "rows", broken)
    problem = is_problem(visitor.get("/api/v1/plays", headers=shown), 500)
    assert len(problem["reference"]) == 8
    assert "secret" not in str(problem)


def test_half_an_archive_is_no_answer(
    site: Site, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(alice, "Ebb")
    whole = plays_view.search.rows

    def without_a_year(*args: Any, **more: Any) -> Any:
        away.tolerate(YearAwayError(2021, "away"))
        return whole(*args, **more)

    monkeypatch.setattr(plays_view.search, "rows", without_a_year)
    answer = ask(site, "/api/v1/plays", token(alice))
    assert is_problem(answer, 503)["years"] == [2021]
    assert "Retry-After" in answer.headers
