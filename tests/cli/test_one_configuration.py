"""Every command reads the same settings as `up`, and `tick` does all that the timetable does."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from audiospective import cli, clock
from audiospective.cli import audiospective, tick
from audiospective.jobs import inline, periodic, tasks
from audiospective.models.marks import Mark
from audiospective.settings import SettingsError

CLI = Path(tick.__file__).parent
ALONE = {"bench", "sandbox", "simulate"}  # they have servers of their own


@pytest.mark.parametrize("path", sorted(CLI.glob("[!_]*.py")), ids=lambda path: path.stem)
def test_a_command_reads_settings_in_the_one_way(path: Path) -> None:
    """`Settings.from_env()` without arguments, by itself or through `opened`; no environment."""
    tree = ast.parse(path.read_text())
    calls = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and "from_env" in ast.unparse(node.func)
    ]
    if path.stem == "up":
        assert "environment.given()" in path.read_text()
        return
    assert all(call == "Settings.from_env()" for call in calls), calls
    assert "os.environ" not in path.read_text()
    if path.stem not in ALONE:
        assert calls or "opened()" in path.read_text(), "it reads no settings at all"


def test_a_fault_in_the_env_file_stops_every_command(tmp_path, monkeypatch) -> None:
    file = tmp_path / "env"
    file.write_text("BASE_URL=http://localhost:1\nSECRET_KEY=short\n")
    monkeypatch.setenv("AUDIOSPECTIVE_ENV_FILE", str(file))
    monkeypatch.setenv("AUDIOSPECTIVE_HOME", str(tmp_path))
    arguments = {"poll": ["x"], "operator": ["grant", "x"]}
    tried = 0
    for name in (
        "doctor",
        "tick",
        "capacity",
        "verify",
        "rotate-keys",
        "poll",
        "migrate",
        "operator",
    ):
        result = CliRunner().invoke(audiospective, [name, *arguments.get(name, [])])
        assert isinstance(result.exception, SettingsError), (name, result.output)
        assert "BASE_URL must not use localhost" in str(result.exception), name
        tried += 1
    assert tried == 8


def test_tick_does_everything_on_the_timetable_when_it_is_due(services, frozen, monkeypatch):
    """One pass over a fortnight, a tick every ten minutes of it that matter."""
    ran: list[str] = []
    entries = [one for one in periodic.timetable(services.settings) if one.name != tick.PLAN]
    for entry in entries:
        monkeypatch.setattr(tasks, entry.task, lambda name=entry.name: ran.append(name))
    for _ in range(9):  # a first tick, then hourly ones
        failed = inline.run(services, inline.due(entries, clock.now()))
        assert failed == []
        frozen.forward(hours=1)
    assert set(ran) == {one.name for one in entries}  # what never ran is due with the first tick
    ran.clear()
    for _ in range(14):
        frozen.forward(days=1)
        inline.run(services, inline.due(entries, clock.now()))
    counts = {one.name: ran.count(one.name) for one in entries}
    weekly = {one.name for one in entries if not one.cron.endswith("*")}
    assert {name: counts[name] for name in weekly} == dict.fromkeys(weekly, 2)
    assert {counts[name] for name in set(counts) - weekly} == {14}
    assert Mark.named(inline.MARK)


def test_a_tick_missed_for_hours_is_made_up_once(services, frozen, monkeypatch) -> None:
    ran: list[str] = []
    entries = [one for one in periodic.timetable(services.settings) if one.name == "maintenance"]
    monkeypatch.setattr(tasks, "maintain", lambda: ran.append("x"))
    inline.run(services, inline.due(entries, clock.now()))
    frozen.forward(hours=12)
    for _ in range(3):
        inline.run(services, inline.due(entries, clock.now()))
        frozen.forward(seconds=10)
    assert len(ran) == 2
    frozen.to(clock.now() + timedelta(minutes=20))
    assert [one.name for one in inline.due(entries, clock.now())] == ["maintenance"]


def test_a_command_goes_on_working_under_the_name_it_had_and_is_listed_under_its_own() -> None:
    commands = audiospective.list_commands(None)
    for former, name in cli.FORMER.items():
        assert former not in commands
        assert audiospective.get_command(None, former) is audiospective.get_command(None, name)
