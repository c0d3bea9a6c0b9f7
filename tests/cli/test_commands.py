"""The commands; each exit status also in a process of its own, as an operator runs them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from audiospective import clock, models
from audiospective.accounts import address, sessions
from audiospective.cli import audiospective
from audiospective.history import append
from audiospective.models import Connection, Play, PlaySegment, StorageRecord, User
from tests.history.making import MINUTE, track
from tests.jobs.stack import ROOT, running
from tests.support import commands
from tests.support.processes import free_port


@pytest.fixture
def stack(sqlite_database_url, redis_url, tmp_path):
    with running(sqlite_database_url, redis_url, tmp_path / "home") as built:
        yield built


@pytest.fixture
def either(database_url, redis_url, tmp_path):
    """A stack on each kind of database, for commands that write."""
    with running(database_url, redis_url, tmp_path / "home") as built:
        yield built


def run(*command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300
    )


def process(stack, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return run("-m", "audiospective", *arguments, env={**stack.environment, **env})


def test_the_doctor_finds_nothing_wrong_with_a_whole_deployment(stack):
    told = {"ALARM_WEBHOOK_URLS": "https://ntfy.sh/mine", "RESEND_API_URL": stack.sandbox.url}
    told["BASE_URL"] = f"http://127.0.0.1:{free_port()}"  # at the usual one `make run` may answer
    done = process(stack, "doctor", RESEND_API_KEY="re_123", **told)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    # No web process runs here; that one line says so, with what to do about it.
    assert [line for line in lines if not line.startswith("ok ")] == [
        next(line for line in lines if line.startswith("note  Pages: nothing answers")),
        next(line for line in lines if line.startswith("      ->")),
    ]
    for subject in (
        *("Settings", "Database", "Durability", "Pooler", "Privacy", "Disk", "Redis", "Storage"),
        *("Redis limits", "Redis line", "Spotify app", "Redirect URI", "Spotify API", "E-mail"),
        *("Mail account", "Closed years", "Imports", "Clock", "Alarms", "Catalog"),
    ):
        assert any(f" {subject}: " in line for line in lines)


SICK = [
    ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "FAULT Redis: nothing listens at its address", 1),
    ({"SPOTIFY_CLIENT_SECRET": "wrong"}, "FAULT Spotify app: Spotify refuses", 1),
    ({"SPOTIFY_ACCOUNTS_URL": "http://127.0.0.1:1"}, "note  Spotify app: could not be asked", 0),
    ({"SPOTIFY_CLIENT_ID": "", "SPOTIFY_CLIENT_SECRET": ""}, "FAULT Spotify app: no client id", 1),
    ({"RESEND_API_KEY": ""}, "note  E-mail: RESEND_API_KEY not set", 0),
    ({"STORAGE_URL": "file:///proc/nowhere"}, "FAULT Storage: file:///proc/nowhere", 1),
    ({"DATABASE_URL": "sqlite:////nowhere/at/all.db"}, "FAULT Database: SQLite cannot be used", 1),
    ({"DATABASE_URL": "postgres://u:p@127.0.0.1:1/x"}, "FAULT Database: PostgreSQL cannot", 1),
]


@pytest.mark.parametrize(("change", "says", "code"), SICK, ids=[line for _, line, _ in SICK])
def test_the_doctor_names_what_is_wrong_and_what_to_do(stack, change, says, code):
    done = commands.run(stack, "doctor", **change)
    assert done.exit_code == code
    found = done.stdout.splitlines()
    position = next(at for at, line in enumerate(found) if line.startswith(says))
    assert found[position + 1].startswith("      -> ")
    assert "Traceback" not in done.stderr
    assert "u:p" not in done.stdout


def test_the_doctor_says_when_a_server_does_not_sync_its_commits(
    postgres_database_url, redis_url, tmp_path
):
    # The test server saves itself the waiting; an archive must not.
    with running(postgres_database_url, redis_url, tmp_path / "home") as stack:
        done = commands.run(stack, "doctor")
    assert done.exit_code == 1
    assert "FAULT Durability: fsync" in done.stdout


def test_the_doctor_says_when_migrations_are_missing(stack, tmp_path):
    done = commands.run(stack, "doctor", DATABASE_URL=f"sqlite:///{tmp_path}/new.db")
    assert done.exit_code == 1
    assert "-> Run: python -m audiospective migrate" in done.stdout


def test_migrate_makes_the_tables_once(stack, tmp_path):
    url = f"sqlite:///{tmp_path}/new.db"
    assert "applied 0001_initial" in commands.run(stack, "migrate", DATABASE_URL=url).stdout
    assert (
        commands.run(stack, "migrate", DATABASE_URL=url).stdout == "The database is up to date.\n"
    )


def test_poll_archives_one_members_plays_now(either):
    (name,) = either.people(1)
    done = commands.run(either, "poll", name)
    assert (done.exit_code, done.stdout) == (0, "5 new plays archived.\n")
    assert Play.select().count() == 5


def test_poll_of_somebody_unknown_is_one_clear_line(stack):
    done = process(stack, "poll", "nobody")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: nobody here is known as 'nobody': give a Spotify id")


def test_poll_respects_a_pause(stack):
    (name,) = stack.people(1)
    Connection.update(status="paused").execute()
    done = commands.run(stack, "poll", name)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: not polled:")


def test_tick_leaves_the_work_to_the_workers(stack):
    stack.people(3)
    done = commands.run(stack, "tick")
    assert done.stdout == "3 members in 1 batches are waiting for a worker.\n"
    assert stack.services.queues.queue("free").count == 1


def test_a_cron_alone_polls_sends_e_mails_seals_and_keeps_the_ledger(either):
    (name,) = either.people(1)
    alice = either.user_id(name)
    song, now = track("song"), clock.to_ms(clock.now())
    plays = [append.NewPlay(alice, now - n * MINUTE, song, None) for n in range(1, 1_500)]
    append.polled(plays)
    user = User.get_by_id(alice)
    session = sessions.find(sessions.begin(user, "email", "Test browser"))
    address.propose(either.services, user, session, "alice@mail.example")
    without_redis = {"REDIS_URL": "redis://127.0.0.1:1/0", **mail_of(either)}
    done = commands.run(either, "tick", "--inline", **without_redis)
    assert (done.exit_code, done.stdout) == (0, "1 members polled.\n")
    assert "failed" not in done.stderr
    assert [one["to"] for one in either.control.emails()] == [["alice@mail.example"]]
    assert PlaySegment.select().count() > 0
    assert Play.select().count() < 1_000
    assert StorageRecord.select().count() == 1
    record = StorageRecord.get()
    again = commands.run(either, "tick", "--inline", **without_redis)
    assert (again.exit_code, again.stdout) == (0, "0 members polled.\n")
    assert StorageRecord.get().measured_at == record.measured_at  # once a day, not with each tick
    assert len(either.control.emails()) == 1


def test_tick_gives_the_timetable_to_the_workers(stack):
    assert commands.run(stack, "tick").exit_code == 0
    waiting = stack.services.queues.queue("upkeep").count
    assert waiting >= 3
    assert commands.run(stack, "tick").exit_code == 0
    assert stack.services.queues.queue("upkeep").count == waiting


def mail_of(stack) -> dict[str, str]:
    return {"RESEND_API_KEY": "re_1", "RESEND_API_URL": stack.sandbox.url}


@pytest.mark.parametrize("command", [["poll", "x"], ["tick"]])
def test_a_command_on_an_empty_database_says_what_to_run(stack, tmp_path, command):
    done = process(stack, *command, DATABASE_URL=f"sqlite:///{tmp_path}/new.db")
    assert done.returncode == 3
    assert "audiospective migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_without_redis_says_so(stack):
    stack.people(1)
    done = process(stack, "tick", REDIS_URL="redis://127.0.0.1:1/0")
    assert done.returncode == 4
    assert done.stderr.startswith("Error: Redis: nothing listens at its address")


BAD_BOOTS = [
    ({"BASE_URL": "http://localhost:8000"}, "BASE_URL must not use localhost"),
    ({"SECRET_KEY": ""}, "SECRET_KEY is not set."),
    ({"TOKEN_KEYS": "x"}, "TOKEN_KEYS: key 1 is not a Fernet key"),
    ({"DATABASE_URL": "oracle://x/y"}, "DATABASE_URL must begin with"),
    (
        {"DATABASE_URL": "postgres://u:p@127.0.0.1:1/x"},
        "DATABASE_URL: the database cannot be used (OperationalError): nothing listens at its",
    ),
    ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "REDIS_URL: nothing listens at its address"),
]


# All processes boot in one way; so the others have to show only that they do.
@pytest.mark.parametrize(
    ("script", "change", "says"),
    [*(("worker.py", *fault) for fault in BAD_BOOTS), ("scheduler.py", *BAD_BOOTS[-1])],
)
def test_bad_settings_stop_the_boot_with_one_clear_line(
    sqlite_database_url, redis_url, tmp_path, script, change, says
):
    with running(sqlite_database_url, redis_url, tmp_path / "home") as stack:
        done = run(script, env={**stack.environment, **change})
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"audiospective: {says}")


def test_a_worker_refuses_tables_that_are_older_than_its_code(stack, tmp_path):
    done = run("worker.py", env={**stack.environment, "DATABASE_URL": f"sqlite:///{tmp_path}/n.db"})
    assert done.returncode == 3
    assert "run 'python -m audiospective migrate' first" in done.stderr


@pytest.mark.parametrize(("processes", "change", "says"), [(1, *BAD_BOOTS[1]), (2, *BAD_BOOTS[4])])
def test_bad_settings_stop_the_pages_with_the_same_line_and_no_traceback(
    sqlite_database_url, redis_url, tmp_path, processes, change, says
):
    with running(sqlite_database_url, redis_url, tmp_path / "home") as stack:
        done = run(
            *("-m", "audiospective.web"),
            *("--no-control-socket", "--workers", str(processes), "--bind", "127.0.0.1:0"),
            # What gunicorn reads by itself: empty is as if it were not there.
            env={**stack.environment, **change, "WEB_CONCURRENCY": "", "PORT": ""},
        )
    assert done.returncode == 3
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert [line.partition(says)[:2] for line in said] == [("audiospective: ", says)]
    assert "Traceback" not in done.stderr


def test_help_lists_every_command_without_settings(tmp_path):
    done = run("-m", "audiospective", "--help", env={"AUDIOSPECTIVE_HOME": str(tmp_path)})
    assert done.returncode == 0
    for name in ("doctor", "migrate", "poll", "sandbox", "tick", "up"):
        assert f"  {name} " in done.stdout
        shown = CliRunner().invoke(audiospective, [name, "--help"])
        assert shown.exit_code == 0, shown.output


def test_migrations_leave_nothing_pending(database):
    assert models.pending() == []
