"""Every command that the documentation shows is run; where none can be run here, it says why."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import yaml

from audiospective.cli import audiospective
from tests.hosts.deployment import procfile
from tests.tooling.test_docs import FENCE, PAGES, ROOT, options

OURS = "python -m audiospective "
PROGRAMS = {
    "cp", "curl", "docker", "echo", "git", "gunicorn", "heroku", "install", "make", "openssl",
    "pip", "python", "python3", "systemctl", "systemd-run", "useradd",
    "/srv/audiospective/.venv/bin/pip",
}  # fmt: skip
# The places of a drill, as docs/operations.md names them.
DRILL = (
    "DATABASE_URL=sqlite:////tmp/drill.db STORAGE_URL=file:///tmp/drill/storage"
    " AUDIOSPECTIVE_HOME=/tmp/drill"
)
# What is run of our own commands, in the life of one scratch archive. It differs from what is
# shown where that holds a name. Settings of one command stand before it; /tmp/drill is a scratch
# place.
LIFE: dict[str, tuple[str, ...]] = {
    "migrate": ("migrate",),
    "operator grant USER": ("operator grant alice@mail.example",),
    "operator grant YOU": ("operator grant alice@mail.example",),
    "tier USER pro|free": ("tier alice pro",),
    "poll USER": ("poll alice",),
    "tick": ("tick",),
    "tick --inline": ("tick --inline",),
    "waitlist invite N": ("waitlist invite 3",),
    "capacity": ("capacity",),
    "export USER --format ... --out DIR": (
        "export alice --format json --out out",
        "export alice --format bundle --out out",
    ),
    "import USER FILE...": ("import alice out/*.json --yes",),
    "restore-member USER FILE": ("restore-member bob out/*.zip",),
    "verify": ("verify bob",),
    "verify [USER]": ("verify bob",),
    "years": ("years",),
    "years home": ("years home",),
    "years claim": ("years claim",),
    "backup FILE": ("backup whole.backup",),
    "backup FILE --check": ("backup whole.backup --check",),
    "backup [FILE]": ("backup whole.backup",),
    "backup --new-key": ("backup --new-key",),
    "restore FILE": (f"{DRILL} restore whole.backup",),
    "verify --from FILE": ("verify --from whole.backup",),
    "rotate-keys": ("rotate-keys",),
    "delete-member NUMBER": ("delete-member bob --yes",),
    "delete-member USER": ("delete-member bob --yes",),
    "doctor": ("doctor",),
    "simulate": ("simulate --members 1 --days 1 --seed 1 --faults heavy",),
    "simulate --members 40 --days 14 --seed 1 --faults heavy": (
        "simulate --members 1 --days 1 --seed 1 --faults heavy",
    ),
}
# Run by tests of their own: what of the file says so. The first that a command begins with counts.
ELSEWHERE = {
    "make run": ("supervisor/test_up_journey.py", '"make", "run"'),
    "up": ("supervisor/test_up_journey.py", '"make", "run"'),
    "curl": ("web/api/test_listens.py", "docs/api.md"),
    "bench": ("bench/test_bench.py", '["bench", "all", "--json"'),
    "sandbox": ("sandbox/test_persistence.py", '"sandbox", "--port"'),
    "python -m audiospective.web": ("hosts/test_deploys.py", "procfile(ROOT)"),
    "python worker.py": ("hosts/test_deploys.py", "procfile(ROOT)"),
    "python scheduler.py": ("hosts/test_deploys.py", "procfile(ROOT)"),
    "python -m tests.hosts.chaos": ("hosts/test_chaos.py", "run.step("),
    "python -m tests.hosts.many_dynos": ("hosts/test_many_dynos.py", "rehearsal("),
    "python -m tests.stats.another_counter": ("stats/test_another_counter.py", "duckdb.connect()"),
    "python -m tests.imports.whole_life": ("imports/test_whole_life.py", "whole_life.live("),
    "python tools/settings_table.py": ("tooling/test_docs.py", 'load("settings_table")'),
    "python tools/sbom.py": ("tooling/test_sbom.py", 'load("sbom")'),
}
# Long runs by hand, here short ones.
SHORT = {
    "python -m tests.policy.gap_oracle 0 20000": "tests.policy.gap_oracle 0 2",
    "python -m tests.imports.fuzzing --minutes 10": "tests.imports.fuzzing --minutes 0.005",
}
# Never run by a test, and why; that they can be read is looked at all the same.
NEVER = {
    "make (test|check|audit|fmt|screenshots)": "this very run, or a change to the tree",
    "python -m tests.exports.opening": "a measurement by hand, with a browser for minutes",
    "python -m tests.migrations.release": "adds a file to the tree, once a release",
    "heroku": "the platform's own command, with an account there",
    "docker": "a daemon and base images from the network",
    "git (push|pull|clone)": "another repository",
    r"python3 -m venv|pip install|\S+/bin/pip install": "packages from the network",
    "useradd|systemctl|systemd-run": "accounts and services of this machine",
}


def shown() -> dict[str, str]:
    """Every command with the first page that shows it, ours without what all begin with."""
    found: dict[str, str] = {}
    for page in PAGES:
        if page.name == "CHANGELOG.md":  # it tells of what was
            continue
        text = page.read_text()
        for language, block in FENCE.findall(text):
            lines = block.splitlines()
            first = [line.split()[0] in PROGRAMS for line in lines if line]
            assert language or not any(first) or all(first), f"{page.name}: {block}"
            if not language and any(first):
                found |= dict.fromkeys(lines, page.name)
        for span in re.findall(r"`([^`]+)`", FENCE.sub("", text)):
            line = " ".join(span.split()).replace("\\|", "|")
            if is_command(line, page):
                found.setdefault(line.removeprefix(OURS), page.name)
    return {line.removeprefix(OURS): page for line, page in found.items()}


def is_command(line: str, page: Path) -> bool:
    """Whether a piece of code in a sentence is a whole command."""
    first, _, rest = line.partition(" ")
    if first in PROGRAMS:
        return bool(rest) and not line.endswith("...")
    known = first in audiospective.list_commands(click.Context(audiospective))
    return known and (line in listed() if page.name == "README.md" else bool(rest))


def listed() -> list[str]:
    """The commands in the first column of the readme's table."""
    table = (ROOT / "README.md").read_text().partition("## Commands")[2].replace("\\|", "/")
    cells = re.findall(r"^\| (`.+?`(?:, `.+?`)*) \|", table, re.MULTILINE)
    return [one.replace("/", "|") for cell in cells for one in re.findall(r"`([^`]+)`", cell)]


def where(line: str, names: Any) -> str | None:
    return next((name for name in names if re.match(rf"(?:{name})(?=\s|$)", line)), None)


SHELL = re.compile(r"cp |echo |install |openssl |python -c ")


def test_every_command_that_is_shown_is_run_somewhere() -> None:
    seen = set()
    for line in shown():
        if SHELL.match(line):
            continue
        hits = [
            LIFE.get(line) and line,
            line if line in SHORT else None,
            where(line, ELSEWHERE),
            where(line, NEVER),
        ]
        assert any(hits), f"nobody runs what {shown()[line]} shows: {line}"
        seen.add(next(hit for hit in hits if hit))
        assert shlex.split(line)
    assert {*LIFE, *SHORT, *ELSEWHERE, *NEVER} - seen == set(), "shown no longer"
    for file, said in ELSEWHERE.values():
        assert said in (ROOT / "tests" / file).read_text(), file


def test_options_that_are_shown_exist() -> None:
    """Also of commands that are shown without what all begin with."""
    for line in shown():
        name, *words = shlex.split(line)
        command = audiospective.get_command(click.Context(audiospective), name)
        if command is None:
            continue
        if isinstance(command, click.Group):
            command = command.get_command(click.Context(command), words[0])
            assert command is not None, line
        assert {word for word in words if word.startswith("-")} <= options(command), line


def test_what_platforms_are_told_fits_what_they_read_here() -> None:
    app = json.loads((ROOT / "app.json").read_text())
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    lines = [shlex.split(line) for line in shown()]
    assert {line[2] for line in lines if line[:2] == ["heroku", "addons:create"]} == {
        *app["addons"]
    }
    (scaled,) = [line[2:] for line in lines if line[:2] == ["heroku", "ps:scale"]]
    assert {one.partition("=")[0] for one in scaled} == procfile(ROOT).keys() - {"release"}
    told = {one for line in lines if line[:2] == ["heroku", "config:set"] for one in line[2:]}
    assert {one.partition("=")[0] for one in told if "=" in one} <= {*app["env"]}
    for line in lines:
        if line[:3] == ["docker", "compose", "run"]:
            assert line[4] in services
            assert line[5:8] == OURS.split()
