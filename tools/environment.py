"""Make .venv hold exactly what a requirements file names: `environment.py runtime|dev`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# What comes with Python 3.11 takes twice as long to choose among what is on offer.
PIP = "pip==26.3"
# Each module is compiled by whoever loads it first: of all that lies there it is a fraction.
INSTALL = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
# The last one is installed; it names the others.
FILES = {
    "runtime": ("constraints.txt", "requirements.txt"),
    "dev": ("constraints.txt", "requirements.txt", "requirements-dev.txt"),
}


def main(kind: str) -> None:
    """Create the environment if need be and install; silent and instant when nothing changed."""
    if not works():
        create()
    if kind in installed():
        return
    wanted = FILES[kind][-1]
    print(f"== installing {wanted}", flush=True)
    attempt([str(PYTHON), *INSTALL, PIP])
    run([str(PYTHON), *INSTALL, "-r", str(ROOT / wanted)])
    stamp(kind).write_text(fingerprint(kind))


def works() -> bool:
    """Whether .venv can start and has pip; a half-made one, or one whose Python went, cannot."""
    if not PYTHON.exists():
        return False
    probe = [str(PYTHON), "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def create() -> None:
    version = ".".join(str(part) for part in sys.version_info[:3])
    print(f"== making .venv with Python {version}", flush=True)
    for old in VENV.glob("*.installed"):
        old.unlink()
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if made.returncode == 0:
        return
    if shutil.which("apt-get"):  # Debian packs venv apart from Python
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        run([sys.executable, str(ROOT / "tools" / "system.py"), package])
        run([sys.executable, "-m", "venv", "--clear", str(VENV)])
        return
    sys.exit(f"Python could not make a virtual environment:\n{made.stdout}{made.stderr}")


def installed() -> set[str]:
    """The kinds whose stamp fits today's files; dev includes the runtime."""
    fitting = {kind for kind in FILES if _read(stamp(kind)) == fingerprint(kind)}
    return fitting | ({"runtime"} if "dev" in fitting else set())


def fingerprint(kind: str) -> str:
    body = b"".join((ROOT / name).read_bytes() for name in FILES[kind])
    return hashlib.sha256(body).hexdigest()


def stamp(kind: str) -> Path:
    return VENV / f"{kind}.installed"


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def attempt(command: list[str]) -> None:
    """Run a step that only saves time; whatever comes of it, the next one goes on."""
    subprocess.run(command, capture_output=True, check=False)


def run(command: list[str]) -> None:
    """Run a step with its output shown; a step that fails ends the set-up with its status."""
    status = subprocess.run(command, check=False).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in FILES:
        sys.exit(__doc__)
    main(sys.argv[1])
