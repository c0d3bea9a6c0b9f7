"""Commands that the documentation shows, run: ours in the life of an archive, others as shown."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests
from dotenv import dotenv_values
from jinja2 import Environment

from audiospective import clock
from audiospective.history import segment
from audiospective.models import User
from audiospective.sandbox import SandboxServer
from audiospective.settings import Settings
from tests.factories import make_connection, make_user
from tests.history.making import START
from tests.jobs.stack import Stack, running
from tests.support import commands
from tests.tooling.test_docs import FENCE, PAGES, ROOT
from tests.tooling.test_shown_commands import LIFE, SHELL, SHORT, shown


@pytest.fixture
def archive(sqlite_database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stack]:
    """A scratch archive with alice, who has played something, and bob, who has not."""
    with running(sqlite_database_url, redis_url, tmp_path / "home") as stack:
        stack.control.make_listener("alice")
        stack.control.burst("alice", 5)
        stack.connect("alice")
        told = {"email": "alice@mail.example", "email_verified_at": clock.now()}
        User.update(**told).where(User.spotify_id == "alice").execute()
        make_connection(stack.services, make_user("bob"))
        yield stack


def test_a_scratch_archive_lives_through_every_command_of_ours(
    archive: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process: to start one takes longer than most of the commands."""
    monkeypatch.chdir(tmp_path)
    for line in dict.fromkeys(line for lines in LIFE.values() for line in lines):
        words = [
            str(found)
            for word in shlex.split(line.replace("/tmp/drill", f"{tmp_path}/drill"))
            for found in (sorted(tmp_path.glob(word)) if "*" in word else [word])
        ]
        told = dict(word.split("=", 1) for word in words if "=" in word)
        done = commands.run(archive, *(word for word in words if "=" not in word), **told)
        assert done.exit_code == 0, f"{line}: {done.output}"
        assert done.stdout, line
    assert archive.plays() == 5  # bob's are gone again


@pytest.mark.parametrize("line", SHORT)
def test_long_runs_by_hand_run(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module, *words = SHORT[line].split()
    monkeypatch.setattr(sys, "argv", [module, *words])
    monkeypatch.delitem(sys.modules, module, raising=False)  # another test may have loaded it
    with suppress(SystemExit):
        runpy.run_module(module, run_name="__main__")
    assert capsys.readouterr().out


def test_lines_of_the_shell_make_settings_that_can_be_used(tmp_path: Path) -> None:
    """On a copy of what they read, with the machine's folders below a scratch one."""
    tree = tmp_path / "srv/audiospective"
    for folder in (tree, tmp_path / "etc/systemd/system"):
        folder.mkdir(parents=True)
    for name in (".env.example", "deploy"):
        (tree / name).symlink_to(ROOT / name)
    ran = [line for line in shown() if SHELL.match(line)]
    assert len(ran) >= 8
    for line in ran:
        here = re.sub(r"(?<=\s)/(?=srv|etc)", f"{tmp_path}/", line)
        python = re.sub(r"^python ", f"{shlex.quote(sys.executable)} ", here)
        done = subprocess.run(
            ["bash", "-euc", python], cwd=tree, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
        assert done.stdout or not line.startswith(("openssl", "python")), line
    made = {name: value or "" for name, value in dotenv_values(tree / ".env").items()}
    assert len({made[name] for name in ("SECRET_KEY", "TOKEN_KEYS", "POSTGRES_PASSWORD")}) == 3
    urls = {"DATABASE_URL": "postgresql://u:p@database/a", "REDIS_URL": "redis://redis:6379"}
    settings = Settings.from_env({**made, **urls})
    assert settings.secret_key == made["SECRET_KEY"]
    assert (tmp_path / "etc/audiospective.env").stat().st_mode & 0o777 == 0o600
    units = {path.name for path in (tmp_path / "etc/systemd/system").iterdir()}
    assert units == {path.name for path in (ROOT / "deploy/systemd").iterdir()}


def test_the_examples_in_other_languages_run(archive: Stack, tmp_path: Path) -> None:
    blocks = [
        (page.name, language, text)
        for page in PAGES
        for language, text in FENCE.findall(page.read_text())
        if language
    ]
    for name, language, text in blocks:
        if language == "jinja":
            Environment(autoescape=True).parse(text)
        elif language == "sql":
            _query(text, tmp_path)
        elif name == "sandbox.md":
            _sandbox(text)
        else:
            assert language == "python"
            compile(text, name, "exec")


def _query(text: str, home: Path) -> None:
    """DuckDB reads a file that the archive made."""
    (name,) = re.findall(r"FROM '([^']+)'", text)
    plays = segment.of([{"played_at": START, "track": 1, "source": 2, "ms_played": 1_000}])
    (home / name).write_bytes(segment.encode(plays))
    with duckdb.connect() as reader:
        inner = text.replace(name, str(home / name)).strip().removesuffix(";")
        told = reader.execute(f"SELECT track, ms_played FROM ({inner})").fetchall()
    assert told == [(1, 1_000)]


def _sandbox(text: str) -> None:
    """With two looks in the place of the dots."""
    looks = "; ".join(["look(sandbox, tokens)"] * 2)

    def look(sandbox: SandboxServer, tokens: dict[str, Any]) -> None:
        token = {"Authorization": f"Bearer {tokens['access_token']}"}
        url = f"{sandbox.api_url}/me/player/recently-played?limit=50"
        requests.get(url, headers=token, timeout=300)

    exec(text.replace("...\n", f"{looks}\n"), {"look": look})
