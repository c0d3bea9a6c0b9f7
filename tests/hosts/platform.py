"""A Heroku-style platform: dynos from a release's Procfile, each on an empty disk of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.hosts.deployment import answers, procfile
from tests.jobs.stack import ROOT, Stack
from tests.support.processes import session_members, start

SLUG = ("audiospective", "static", "templates", "Procfile", "gunicorn.conf.py", "worker.py",
        "scheduler.py")  # fmt: skip
GRACE = 30  # seconds from SIGTERM to SIGKILL
MIGRATION = '''"""What the next release adds while this one still serves."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE connections ADD COLUMN of_the_next_release INTEGER")
    db.execute_sql("CREATE TABLE next_release (id INTEGER PRIMARY KEY)")
'''


def next_release(home: Path) -> Path:
    """This tree once more, as the next release: with a migration of its own."""
    for name in SLUG:
        here = ROOT / name
        if here.is_dir():
            shutil.copytree(here, home / name)
        else:
            home.mkdir(parents=True, exist_ok=True)
            shutil.copy2(here, home / name)
    (home / "audiospective/migrations/9999_next_release.py").write_text(MIGRATION)
    return home


@dataclass
class Dyno:
    """One process type running; a platform signals every process of it."""

    kind: str
    process: subprocess.Popen[bytes]
    port: int

    def processes(self) -> list[int]:
        return session_members(self.process.pid)

    def told_to_go(self) -> int:
        """SIGTERM, and SIGKILL for whatever is left after the grace; how many that were."""
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)
        return self.killed()

    def killed(self) -> int:
        """SIGKILL for all of it; how many processes that were."""
        left = self._signal(signal.SIGKILL)
        self.process.wait()
        return left

    def _signal(self, sign: int) -> int:
        found = self.processes()
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
        return len(found)


@dataclass
class Platform:
    """What a platform does with a release; web dynos keep the ports that its router knows."""

    stack: Stack
    home: Path
    dynos: list[Dyno] = field(default_factory=list)

    def __enter__(self) -> Platform:
        return self

    def __exit__(self, *_: object) -> None:
        for dyno in self.dynos:
            dyno.killed()

    def release(self, tree: Path) -> str:
        """Run the release phase to its end; what it said."""
        done = subprocess.run(
            ["bash", "-c", procfile(tree)["release"]], cwd=tree, env=self._environment(0),
            capture_output=True, text=True, timeout=300, check=True,
        )  # fmt: skip
        return done.stdout

    def boot(self, tree: Path, kind: str, port: int = 0) -> Dyno:
        """Start a dyno of this kind on an empty disk."""
        environment = self._environment(port)
        with (self.home / "log").open("ab") as log:
            process = start(
                ["bash", "-c", procfile(tree)[kind]], cwd=tree, env=environment,
                start_new_session=True, stdout=log, stderr=log,
            )  # fmt: skip
        dyno = Dyno(kind, process, port)
        self.dynos.append(dyno)
        return dyno

    def replace(self, dyno: Dyno, tree: Path) -> Dyno:
        """Another dyno in the place of one that is gone."""
        self.dynos.remove(dyno)
        return self.boot(tree, dyno.kind, dyno.port)

    def is_up(self) -> bool:
        """Whether the router could hand a visitor to every web dyno."""
        for dyno in self.dynos:
            assert dyno.process.poll() is None, f"{dyno.kind} ended"
        return all(answers(dyno.port) for dyno in self.dynos if dyno.port)

    def log(self) -> str:
        """What all dynos wrote so far."""
        return (self.home / "log").read_text()

    def _environment(self, port: int) -> dict[str, str]:
        disk = self.home / f"disk{len(list(self.home.glob('disk*')))}"
        disk.mkdir(parents=True)
        own = {"PORT": str(port)} if port else {}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {**self.stack.environment, "AUDIOSPECTIVE_HOME": str(disk), "PATH": path, **own}
