"""What the operator has set: the environment, the `.env` file, what `up` keeps for a machine."""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

ROOT = Path(__file__).resolve().parent.parent
LOCAL_FILE = "local.json"  # secrets and addresses that `up` keeps for one machine

# Set by platforms whose disk is gone with every deploy or restart.
EPHEMERAL_DISKS = {
    "DYNO": "Heroku",
    "RENDER": "Render",
    "K_SERVICE": "Cloud Run",
    "VERCEL": "Vercel",
    "KOYEB_APP_NAME": "Koyeb",
}

# Where platforms say what is deployed; RELEASE is the operator's own word for it.
RELEASES = ("RELEASE", "HEROKU_RELEASE_VERSION", "HEROKU_BUILD_COMMIT", "HEROKU_SLUG_COMMIT",
            "RENDER_GIT_COMMIT", "RAILWAY_GIT_COMMIT_SHA", "KOYEB_GIT_SHA", "K_REVISION",
            "SOURCE_VERSION")  # fmt: skip


# What Python itself may need to start. Heroku's finds its own library by the first of them.
INTERPRETER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH")


class SettingsError(Exception):
    """The settings cannot be used; `faults` holds one line per fault and repeats no secret."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def given() -> dict[str, str]:
    """`.env` beside the Makefile, and the process's environment over it; raises SettingsError.

    Every process and command reads this and nothing else, so that all of them mean one archive.
    AUDIOSPECTIVE_ENV_FILE names another file; set to nothing, none is read.
    """
    return {**env_file(), **{name: value for name, value in os.environ.items() if value != ""}}


def inherited() -> dict[str, str]:
    """The process's environment alone, for a program that it starts."""
    return dict(os.environ)


def of_interpreter() -> dict[str, str]:
    """Of that only what Python needs to start, for a process that shall know no secrets."""
    return {name: os.environ[name] for name in INTERPRETER if name in os.environ}


def env_file() -> dict[str, str]:
    """The values of the `.env` file alone; see `given`."""
    named = os.environ.get("AUDIOSPECTIVE_ENV_FILE")
    path = ROOT / ".env" if named is None else Path(named)
    if named == "" or not (named or path.exists()):
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path} cannot be read ({type(error).__name__})."]) from None
    values = {}
    for binding in parse_stream(StringIO(text)):
        if binding.error or (binding.key and binding.value is None):
            raise SettingsError([f"{path}: line {binding.original.line} is not NAME=value."])
        if binding.key:
            values[binding.key] = binding.value or ""
    return values


def platform(values: Mapping[str, str]) -> str:
    """The name of a platform whose disk does not outlive a deploy, or nothing."""
    return next((name for key, name in EPHEMERAL_DISKS.items() if values.get(key)), "")


def release(values: Mapping[str, str]) -> str:
    """What is deployed, as whoever deployed it names it: at most 24 characters, or nothing."""
    return next((found[:24] for name in RELEASES if (found := values.get(name, "").strip())), "")


def drop_empty() -> None:
    """Make an empty variable one that is not set, for libraries that read it themselves.

    But AUDIOSPECTIVE_ENV_FILE, of which empty means that no file is read.
    """
    for name, value in list(os.environ.items()):
        if value == "" and name != "AUDIOSPECTIVE_ENV_FILE":
            del os.environ[name]


def use_utc() -> None:
    """Make UTC this process's local time: rq-scheduler reckons cron lines in local time."""
    os.environ["TZ"] = "UTC"
    time.tzset()


def keep_private() -> None:
    """Let nobody else on this machine read what this process and its children write from now on."""
    os.umask(0o077)


def give_memory_back() -> None:
    """Let Polars return memory at once where it would keep it for ten seconds: dynos are small.

    For this process if it has not loaded Polars yet, and for those it starts. It costs about half
    a second of processor time for a million plays, and spares a quarter of the memory.
    """
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0")


def close(home: Path) -> None:
    """Take from others what an existing `home` lets them see: the database lies in it."""
    with suppress(OSError):  # not ours: `doctor` tells of what others can read
        home.chmod(stat.S_IMODE(home.stat().st_mode) & 0o700)


def completed(home: Path, values: Mapping[str, str]) -> dict[str, str]:
    """`values` completed for one machine: secrets are made once and kept in `home` (mode 0600).

    Nothing that `values` already says is changed. Raises OSError if `home` cannot be written.
    """
    home = home.absolute()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    close(home)
    kept = kept_values(home)
    for name, make in (("SECRET_KEY", _new_secret), ("TOKEN_KEYS", _new_fernet_key)):
        kept.setdefault(name, make())
    keep_values(home, kept)
    said = {name: value for name, value in values.items() if value != ""}
    return {**values, **kept, **said, "AUDIOSPECTIVE_HOME": str(home)}


def keep_values(home: Path, values: Mapping[str, str]) -> None:
    """Replace the values that commands on this machine fall back to; private and atomic."""
    path = home / LOCAL_FILE
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(dict(values), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def kept_values(home: Path) -> dict[str, str]:
    """What `up` has kept in `home`; raises SettingsError for a file that is damaged."""
    path = home / LOCAL_FILE
    try:
        values = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError([f"{path} cannot be read ({type(error).__name__})."]) from None
    if not isinstance(values, dict):
        raise SettingsError([f"{path} holds no settings."])
    return {str(name): str(value) for name, value in values.items()}


def _new_secret() -> str:
    return secrets.token_urlsafe(48)


def _new_fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
