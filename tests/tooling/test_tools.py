"""The scripts behind `make`: they install what is missing, once, and say what they may not do."""

from __future__ import annotations

import errno
import fcntl
import runpy
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"


def load(name: str) -> ModuleType:
    spec = spec_from_file_location(f"tools_{name}", TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/environment.py over an empty project; what it would run is kept, not run."""
    module = load("environment")
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        (tmp_path / name).write_text(f"{name}==1\n")
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "works", lambda: True)
    monkeypatch.setattr(module, "attempt", lambda _command: None)
    monkeypatch.setattr(module, "run", lambda command: ran.append(command[-1]))
    ran: list[str] = []
    module.__dict__["ran"] = ran
    return module


def installs(environment: ModuleType, kind: str) -> list[str]:
    environment.ran.clear()
    environment.main(kind)
    return [Path(name).name for name in environment.ran]


def test_requirements_are_installed_once(environment: ModuleType) -> None:
    assert installs(environment, "runtime") == ["requirements.txt"]
    assert installs(environment, "runtime") == []


def test_the_tests_requirements_include_the_runtime(environment: ModuleType) -> None:
    assert installs(environment, "dev") == ["requirements-dev.txt"]
    assert installs(environment, "runtime") == []


@pytest.mark.parametrize(
    ("changed", "runtime", "dev"),
    [
        ("requirements.txt", True, True),
        ("requirements-dev.txt", False, True),
        ("constraints.txt", True, True),
    ],
)
def test_what_changed_is_installed_again(
    environment: ModuleType, changed: str, runtime: bool, dev: bool
) -> None:
    installs(environment, "runtime")
    installs(environment, "dev")
    (environment.ROOT / changed).write_text("changed==2\n")
    assert bool(installs(environment, "runtime")) is runtime
    assert bool(installs(environment, "dev")) is dev


def test_a_failed_installation_is_tried_again(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_command: list[str]) -> None:
        raise SystemExit(1)

    with monkeypatch.context() as patch:
        patch.setattr(environment, "run", fails)
        with pytest.raises(SystemExit):
            environment.main("runtime")
    assert installs(environment, "runtime") == ["requirements.txt"]


def test_where_no_newer_pip_can_be_had_the_one_that_is_there_installs(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "attempt", load("environment").attempt)
    refuses = program(environment.VENV / "python", b"#!/bin/sh\necho no match >&2\nexit 1\n")
    monkeypatch.setattr(environment, "PYTHON", refuses)
    assert installs(environment, "runtime") == ["requirements.txt"]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/system.py on a machine that lacks everything; what it would run is kept, not run."""
    module = load("system")
    ran: list[list[str]] = []
    module.__dict__["ran"] = ran
    needs = [
        module.Need(need.what, lambda: bool(ran), need.apt, need.brew) for need in module.NEEDS
    ]
    monkeypatch.setattr(module, "NEEDS", needs)
    monkeypatch.setattr(module, "run", lambda command, _environment: ran.append(command) or 0)
    monkeypatch.setattr(module, "known", lambda _package: True)
    return module


def has(monkeypatch: pytest.MonkeyPatch, module: ModuleType, *tools: str) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda name: name if name in tools else None)


def test_root_installs_with_apt(system: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, system, "apt-get")
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    system.main([])
    update, install = system.ran
    assert update[0] == "apt-get"
    assert update[-1] == "update"
    wanted = {"postgresql", "redis-server", "chromium-headless-shell", "fonts-noto-cjk"}
    assert wanted <= set(install)
    assert "chromium" not in install


def test_where_apt_has_no_headless_shell_the_whole_browser_is_installed(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only its update tells what apt has."""
    has(monkeypatch, system, "apt-get")
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    monkeypatch.setattr(
        system, "known", lambda name: bool(system.ran) and name != "chromium-headless-shell"
    )
    system.main([])
    install = system.ran[-1]
    assert "chromium" in install
    assert "chromium-headless-shell" not in install


def test_apt_is_asked_whether_it_knows_a_package(path: Path) -> None:
    program(path / "apt-cache", b'#!/bin/sh\n[ "$*" = "show chromium-headless-shell" ]\n')
    module = load("system")
    assert module.offered(["curl", "chromium-headless-shell"]) == [
        "curl",
        "chromium-headless-shell",
    ]
    program(path / "apt-cache", b"#!/bin/sh\nexit 100\n")
    assert module.offered(["curl", "chromium-headless-shell"]) == ["curl", "chromium"]


def test_sudo_without_a_password_is_used(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    has(monkeypatch, system, "apt-get", "sudo")
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    allowed = subprocess.CompletedProcess[str]([], 0)
    monkeypatch.setattr(system.subprocess, "run", lambda *_, **__: allowed)
    system.main([])
    assert all(command[:3] == ["sudo", "-n", "apt-get"] for command in system.ran)


def test_on_a_disk_that_locks_no_folder_it_installs_all_the_same(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")  # as NFS says it

    has(monkeypatch, system, "apt-get")
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    monkeypatch.setattr(fcntl, "flock", refuses)
    system.main([])
    assert [command[-1] for command in system.ran][:1] == ["update"]


@pytest.mark.parametrize("arguments", [[], ["--possible"]])
def test_without_permission_the_command_to_run_is_shown(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    has(monkeypatch, system, "apt-get")
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit) as refused:
        system.main(arguments)
    assert "sudo apt-get install" in str(refused.value)
    assert "postgresql redis-server pgbouncer haproxy curl chromium" in str(refused.value)
    assert system.ran == []


@pytest.mark.parametrize("manager", ["apt-get", "brew"])
def test_where_it_may_install_the_question_installs_nothing(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch, manager: str
) -> None:
    has(monkeypatch, system, manager)
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    system.main(["--possible"])
    assert system.ran == []


def test_where_it_may_not_install_make_test_stops_before_anything_else(tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make is not None
    python = program(
        tmp_path / "python", b'#!/bin/sh\necho "$@"\necho "Missing: Redis." >&2\nexit 1\n'
    )
    done = subprocess.run(
        [make, "test", f"PYTHON={python}"], cwd=TOOLS.parent, env={}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "tools/system.py --possible\n"
    assert done.stderr.splitlines()[0] == "Missing: Redis."


def test_homebrew_installs_casks_apart(system: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, system, "brew")
    system.main([])
    formulas, casks = system.ran
    assert formulas == ["brew", "install", "postgresql@17", "redis", "pgbouncer", "haproxy", "curl"]
    assert casks == ["brew", "install", "--cask", "chromium", "firefox"]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(place: Path, content: bytes = b"\x7fELF") -> Path:
    place.write_bytes(content)
    place.chmod(0o755)
    return place


def test_a_browser_that_is_a_snap_does_not_count(path: Path) -> None:
    module = load("system")
    assert module.unconfined("firefox") is None
    (path / "firefox").symlink_to(program(path / "snap"))
    program(path / "chromium-browser", b"#!/bin/sh\nexec /snap/bin/chromium\n")
    assert module.unconfined("firefox", "chromium-browser") is None
    chrome = program(path / "google-chrome")
    assert module.chromium() == str(chrome)


def test_the_headless_shell_goes_before_the_whole_browser(path: Path) -> None:
    module = load("system")
    whole = program(path / "chromium")
    assert module.chromium() == str(whole)
    shell = program(path / "chromium-headless-shell")
    assert module.chromium() == str(shell)


@pytest.mark.parametrize("tools", [("snap",), ("snap", "apt-get"), ("apt-get",), ()])
def test_where_browsers_are_snaps_it_is_said_which_others_there_are(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch, tools: tuple[str, ...]
) -> None:
    has(monkeypatch, system, *tools)
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit) as refused:
        system.main([])
    assert ("packages.mozilla.org" in str(refused.value)) is ("snap" in tools)
    assert "\n" not in str(refused.value)


def test_a_machine_without_a_package_manager_is_told_what_is_missing(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    has(monkeypatch, system)
    with pytest.raises(
        SystemExit, match=r"Missing: PostgreSQL, Redis, PgBouncer, HAProxy, curl, Chromium"
    ):
        system.main([])


@pytest.mark.parametrize(
    ("path", "wants"),
    [
        ("tests/migrations/release.py", "version date"),
        ("tests/policy/gap_oracle.py", "first count"),
        ("tests/stats/another_counter.py", "[plays]"),
    ],
)
def test_a_command_that_is_given_too_little_or_nonsense_says_what_it_wants(
    path: str, wants: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["many"] if "plays" in wants else []
    monkeypatch.setattr(sys, "argv", [path, *given])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TOOLS.parent / path), run_name="__main__")
    assert ended.value.code == 2
    usage = capsys.readouterr().err
    assert usage.startswith("usage: python -m tests.")
    assert wants in usage.splitlines()[0]
