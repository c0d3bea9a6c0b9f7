"""Install what the tests need from the system's package manager: `system.py [package ...]`.

`system.py --possible` installs nothing; where something is missing that may not be installed here,
it ends with the same sentence.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# The shell is the same browser without the window that no test sees, at three fifths of the cost.
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FIREFOX = ("firefox-esr", "firefox")
OLDER = {"chromium-headless-shell": "chromium"}  # for an apt that has no package of the shell
NO_SNAPS = (
    " Chromium and Firefox must not be snaps, which cannot open the files of tests: where apt has"
    " no others, take Google Chrome (google.com/chrome) and Mozilla's own package of Firefox"
    " (packages.mozilla.org)."
)


@dataclass(frozen=True)
class Need:
    """Something the tests use, how to see that it is there, and its name in each manager."""

    what: str
    present: Callable[[], bool]
    apt: tuple[str, ...]
    brew: tuple[str, ...]


def on_path(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def unconfined(*names: str) -> str | None:
    """Where the first of these programs is that may open any file; a snap sees nothing of /tmp.

    Ubuntu's packages of browsers are scripts that start a snap.
    """
    for path in filter(None, map(shutil.which, names)):
        real = Path(path).resolve()
        with real.open("rb") as program:
            starts_a_snap = b"/snap/bin/" in program.read(4096)
        if "snap" not in real.parts[:-1] and real.name != "snap" and not starts_a_snap:
            return path
    return None


def postgres() -> bool:
    if shutil.which("initdb") and shutil.which("postgres"):
        return True
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/opt/homebrew/opt").glob("*/bin")]
    return any((folder / "initdb").exists() for folder in folders)


def chromium() -> str | None:
    """Where a Chromium is that can be driven without a window."""
    mac = Path("/Applications/Chromium.app/Contents/MacOS/Chromium")
    return unconfined(*CHROMIUM) or (str(mac) if mac.exists() else None)


def firefox() -> bool:
    return unconfined(*FIREFOX) is not None or Path("/Applications/Firefox.app").exists()


def font(part: str) -> Callable[[], bool]:
    """Whether a font whose file name holds `part` is there; macOS has every script built in."""
    if sys.platform == "darwin":
        return lambda: True
    return lambda: any(Path("/usr/share/fonts").rglob(f"*{part}*"))


NEEDS = (
    Need("PostgreSQL", postgres, ("postgresql",), ("postgresql@17",)),
    Need("Redis", on_path("redis-server", "valkey-server"), ("redis-server",), ("redis",)),
    Need("PgBouncer", on_path("pgbouncer", "/usr/sbin/pgbouncer"), ("pgbouncer",), ("pgbouncer",)),
    Need("HAProxy", on_path("haproxy", "/usr/sbin/haproxy"), ("haproxy",), ("haproxy",)),
    Need("curl", on_path("curl"), ("curl",), ("curl",)),
    Need(
        "Chromium",
        lambda: chromium() is not None,
        ("chromium-headless-shell",),
        ("--cask", "chromium"),
    ),
    Need("Firefox", firefox, ("firefox-esr",), ("--cask", "firefox")),
    Need("fonts of all scripts", font("NotoSansArabic"), ("fonts-noto-core",), ()),
    Need("Chinese, Japanese and Korean fonts", font("NotoSansCJK"), ("fonts-noto-cjk",), ()),
    Need("emoji", font("NotoColorEmoji"), ("fonts-noto-color-emoji",), ()),
)


def main(arguments: list[str]) -> None:
    """Install the packages named, or whatever of NEEDS is missing; says nothing when nothing is."""
    only_asked = arguments == ["--possible"]
    if arguments and not only_asked:
        install([f"the package {name}" for name in arguments], arguments, arguments)
        return
    missing = [need for need in NEEDS if not need.present()]
    if missing:
        what = [need.what for need in missing]
        apt = [name for need in missing for name in need.apt]
        brew = [name for need in missing for name in need.brew]
        if only_asked:
            permitted(what, apt)
            return
        install(what, apt, brew)
        still = [need.what for need in missing if not need.present()]
        if still:
            sys.exit(f"Installed, and yet not found: {', '.join(still)}.{about_snaps(still)}")


def install(what: list[str], apt: list[str], brew: list[str]) -> None:
    names = ", ".join(what)
    prefix = permitted(what, apt)
    if shutil.which("apt-get"):
        print(f"== installing {names}", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        get = [*prefix, "apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq"]
        with alone():
            failed = run([*get, "update"], quiet) or run(
                [*get, "install", "--yes", "--no-install-recommends", *offered(apt)], quiet
            )
        if failed:
            by_hand = f"sudo {by_apt(apt)}"
            sys.exit(f"Could not install {names}. By hand: {by_hand}.{about_snaps(what)}")
    else:
        print(f"== installing {names}", flush=True)
        casks = [brew[i + 1] for i, name in enumerate(brew) if name == "--cask"]
        formulas = [name for name in brew if name != "--cask" and name not in casks]
        if (formulas and run(["brew", "install", *formulas], None)) or (
            casks and run(["brew", "install", "--cask", *casks], None)
        ):
            sys.exit(f"Could not install {names} with brew; its words are above.")


def permitted(what: list[str], apt: list[str]) -> list[str]:
    """What to put before the package manager's command; ends with what to do where it may not."""
    names = ", ".join(what)
    if shutil.which("apt-get"):
        prefix = as_root()
        if prefix is None:
            by_hand = f"sudo {by_apt(apt)}"
            sys.exit(f"Missing: {names}. This needs root; run: {by_hand}.{about_snaps(what)}")
        return prefix
    if not shutil.which("brew"):
        sys.exit(
            f"Missing: {names}. Install it with your system's package manager, then run make test"
            f" again.{about_snaps(what)}"
        )
    return []


def by_apt(packages: list[str]) -> str:
    return f"apt-get install --no-install-recommends {' '.join(offered(packages))}"


def offered(packages: list[str]) -> list[str]:
    """The same packages, or older ones in their place where apt does not know them."""
    return [name if known(name) else OLDER.get(name, name) for name in packages]


def known(package: str) -> bool:
    """Whether apt has heard of a package; of none before its first update."""
    asked = subprocess.run(["apt-cache", "show", package], capture_output=True, check=False)
    return asked.returncode == 0


@contextmanager
def alone() -> Iterator[None]:
    """Wait for whoever else of this tree is installing: `update` does not wait for another."""
    tree = os.open(Path(__file__).parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # NFS locks no folder
            fcntl.flock(tree, fcntl.LOCK_EX)
        yield
    finally:
        os.close(tree)


def about_snaps(what: list[str]) -> str:
    """What to say where a browser is missing on a system that has snaps."""
    return NO_SNAPS if shutil.which("snap") and {"Chromium", "Firefox"} & set(what) else ""


def as_root() -> list[str] | None:
    """What to put before a command to run it as root, or None if that is not allowed."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if allowed.returncode == 0:
            return ["sudo", "-n"]
    return None


def run(command: list[str], environment: dict[str, str] | None) -> int:
    """Run a step quietly; its output is shown only if it fails. Returns its status."""
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    main(sys.argv[1:])
