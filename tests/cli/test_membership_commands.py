"""What an operator settles from the command line: tiers, operators, invitations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from audiospective import clock, models
from audiospective.cli import audiospective
from audiospective.models import User
from audiospective.models.notices import Notice
from audiospective.models.waitlist import WaitlistEntry
from tests.factories import make_user
from tests.fixtures import TOKEN_KEY


@pytest.fixture
def run(tmp_path: Path, sqlite_database_url: str, redis_url: str) -> Any:
    """Run a command on an archive in which alice is a member."""
    environ = {
        "AUDIOSPECTIVE_HOME": str(tmp_path / "home"),
        "DATABASE_URL": sqlite_database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "s" * 40,
        "TOKEN_KEYS": TOKEN_KEY,
        "SPOTIFY_SEATS": "1",
        "FOUNDING_MEMBER_CAP": "1",
    }
    models.bind(sqlite_database_url)
    with models.database.connection_context():
        make_user("alice", email="alice@example.org", email_verified_at=clock.now())

    def command(*words: str) -> Result:
        return CliRunner().invoke(audiospective, words, env=environ)

    return command


def alice() -> User:
    with models.database.connection_context():
        return User.get(User.spotify_id == "alice")


def wait(*names: str) -> None:
    with models.database.connection_context():
        for name in names:
            WaitlistEntry.create(
                email=f"{name}@example.org",
                salt=name,
                token_hash=name,
                created_at=clock.now(),
                confirmed_at=clock.now(),
            )


@pytest.mark.parametrize("name", ["alice", "account-alice", "Alice@Example.org"])
def test_a_member_of_any_name_becomes_pro_and_free_again(run: Any, name: str) -> None:
    result = run("tier", name, "pro")
    assert (result.exit_code, "Pro" in result.output) == (0, True)
    assert alice().tier == "pro"
    assert run("tier", name, "free").exit_code == 0
    assert alice().tier == "free"


@pytest.mark.parametrize("words", [("tier", "nobody", "pro"), ("operator", "grant", "nobody")])
def test_nobody_is_an_error_in_one_line(run: Any, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 1
    assert result.output.startswith("Error: nobody here is known as 'nobody': give a Spotify id")


def test_there_is_no_other_tier(run: Any) -> None:
    assert run("tier", "alice", "gold").exit_code == 2


def test_an_operator_is_made_and_unmade(run: Any) -> None:
    assert run("operator", "grant", "alice@example.org").exit_code == 0
    assert alice().is_operator
    assert run("operator", "revoke", "alice").exit_code == 0
    assert not alice().is_operator


def test_the_first_in_line_are_invited(run: Any) -> None:
    wait("ana", "ben", "cem")
    assert run("waitlist", "status").output.startswith("3 waiting; 1 founding place free")
    result = run("waitlist", "invite", "2")
    assert result.exit_code == 0
    assert "invited ana@example.org\ninvited ben@example.org\n" in result.output
    assert "Only 1 Spotify seat free" in result.output
    with models.database.connection_context():
        held = [entry.place_until > clock.now() for entry in WaitlistEntry.select()]
        assert held == [True, False, False]  # there was one founding place
        assert {notice.kind for notice in Notice.select()} == {"waitlist_invite"}
    assert "1 invited" in run("waitlist", "invite", "5").output
    assert "0 invited" in run("waitlist", "invite", "5").output


def test_nobody_is_invited_zero_times(run: Any) -> None:
    assert run("waitlist", "invite", "0").exit_code == 2


def test_an_account_is_deleted_for_whoever_asks(run: Any) -> None:
    assert "Aborted" in run("delete-member", "alice").output  # nobody answered
    assert alice().spotify_id == "alice"
    result = run("delete-member", "alice", "--yes")
    assert result.output == "Member 1 is deleted.\n"
    with models.database.connection_context():
        assert User.select().count() == 0
        assert [notice.recipient for notice in Notice.select()] == ["alice@example.org"]
