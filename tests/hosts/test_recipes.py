"""Recipes for hosts: what they name exists, and what can be tried of them is tried."""

from __future__ import annotations

import configparser
import json
import re
import runpy
import shutil
import subprocess
import sys
import threading
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from audiospective.settings import Settings
from audiospective.vault import Vault
from tests.hosts.deployment import procfile
from tests.hosts.platform import SLUG
from tests.jobs.stack import ROOT
from tests.support.processes import accepts, free_port, start, stop, until
from tests.support.redis import certificate

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
UNITS = sorted((ROOT / "deploy/systemd").iterdir())
PROCESSES = ("web", "worker", "bulk", "scheduler")
HAPROXY = ROOT / "deploy/haproxy/haproxy.cfg"
MADE_BY_COMPOSE = {"POSTGRES_PASSWORD", "LISTEN", "LISTEN_BEHIND"}


def known_settings() -> set[str]:
    """Names of settings as `.env.example` lists them."""
    return set(re.findall(r"^#?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_app_json_sets_what_a_platform_has_to_and_nothing_unknown(tmp_path: Path) -> None:
    app = json.loads((ROOT / "app.json").read_text())
    assert set(app["formation"]) == set(PROCESSES) == procfile(ROOT).keys() - {"release"}
    assert app["env"].keys() - known_settings() == {"WEB_CONCURRENCY"}  # gunicorn.conf.py reads it
    generated = {name for name, about in app["env"].items() if about.get("generator") == "secret"}
    assert generated == {"SECRET_KEY", "TOKEN_KEYS"}
    given = {
        "AUDIOSPECTIVE_HOME": str(tmp_path),  # what `make run` keeps in the checkout is not theirs
        "DATABASE_URL": "postgres://user:word@database.example:5432/name",
        "REDIS_URL": "rediss://:word@redis.example:6380",
        "BASE_URL": "https://name.herokuapp.com",
        "SPOTIFY_CLIENT_ID": "id", "SPOTIFY_CLIENT_SECRET": "secret",
        **{name: about["value"] for name, about in app["env"].items() if "value" in about},
        **dict.fromkeys(generated, "0123456789abcdef" * 4),  # as the platform makes a secret
    }  # fmt: skip
    settings = Settings.from_env(given)
    assert settings.trusted_proxies == 1
    assert not settings.redis_tls_verify
    vault = Vault(settings.token_keys)
    assert (
        vault.decrypt("table.column", 1, vault.encrypt("table.column", 1, "a token")) == "a token"
    )


def test_a_dyno_of_512_mb_is_asked_for_one_web_process() -> None:
    app = json.loads((ROOT / "app.json").read_text())
    assert app["formation"]["web"]["size"] == "basic"
    assert app["env"]["WEB_CONCURRENCY"]["value"] == "1"


def test_every_recipe_leaves_the_number_of_web_processes_to_one_place() -> None:
    image = (ROOT / "Dockerfile").read_text()
    unit_of_pages = (ROOT / "deploy/systemd/audiospective-web.service").read_text()
    assert not [one for one in (image, unit_of_pages, procfile(ROOT)["web"]) if "--workers" in one]
    assert f'exec {procfile(ROOT)["web"]}"]' in image


@pytest.mark.parametrize(
    ("asked", "memory", "started"),
    [("1", 2 << 30, 1), ("5", 512 << 20, 5), (None, 512 << 20, 1), (None, 1 << 30, 2),
     ("0", 0, 2)],
)  # fmt: skip
def test_gunicorn_starts_as_many_web_processes_as_are_asked_for_or_fit(
    asked: str | None, memory: int, started: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    if asked is not None:
        monkeypatch.setenv("WEB_CONCURRENCY", asked)
    monkeypatch.setattr("audiospective.web.memory.available", lambda: memory)
    assert runpy.run_path(str(ROOT / "gunicorn.conf.py"))["workers"] == started


def test_the_python_of_a_platform_is_one_that_the_tests_run_on() -> None:
    wanted = (ROOT / ".python-version").read_text().strip()
    assert f"python:{wanted}-" in (ROOT / "Dockerfile").read_text()
    assert wanted in (ROOT / "pyproject.toml").read_text()


def copied() -> list[str]:
    """What the Dockerfile takes from this folder."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return [name for line in lines for name in line.split()[:-1]]


def test_the_image_holds_what_the_processes_need_and_no_more() -> None:
    """The rehearsal of a deployment runs on the files of SLUG alone."""
    assert {*copied()} == {*SLUG, "requirements.txt", "constraints.txt"}
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = [line[1:] for line in lines if line.startswith("!")]
    assert [name for name in copied() if not any(fnmatch(name, one) for one in let_in)] == []
    assert all((ROOT / name).exists() for name in copied())


def test_the_image_runs_without_root_and_is_asked_for_its_health() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert text.index("USER audiospective") < text.index("HEALTHCHECK") < text.rindex("CMD")
    assert "/healthz" in text
    command = json.loads(re.findall(r"^CMD (\[.+\])$", text, re.MULTILINE)[-1])
    assert command[-1].endswith(f"; exec {procfile(ROOT)['web']}")
    everywhere = (ROOT / "requirements.txt").read_text() + (ROOT / "constraints.txt").read_text()
    assert "--only-binary :all:" in text  # nothing is compiled, so both processors get the same
    assert "sys_platform" not in everywhere


@pytest.mark.parametrize(("port", "used"), [("", "8000"), ("9000", "9000")])
def test_the_image_serves_and_is_asked_at_one_port_also_where_that_is_empty(
    tmp_path: Path, port: str, used: str
) -> None:
    text = (ROOT / "Dockerfile").read_text()
    asked, command = (
        json.loads(one) for one in re.findall(r"^ *CMD (\[.+\])$", text, re.MULTILINE)
    )
    (tmp_path / "python").write_text("#!/bin/sh\necho $PORT\n")
    (tmp_path / "python").chmod(0o700)
    environment = {"PORT": port, "PATH": f"{tmp_path}:/usr/bin:/bin"}
    served = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert served.stdout == f"{used}\n"
    told = asked[-1].replace("web.urlopen(", "print(").replace(", timeout=4", "")
    command = [sys.executable, *asked[1:-1], told]
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert found.stdout == f"http://127.0.0.1:{used}/healthz\n"


def test_compose_starts_the_processes_of_the_procfile() -> None:
    services = COMPOSE["services"]
    started = {name: " ".join(services[name].get("command", [])) for name in PROCESSES}
    for name, command in procfile(ROOT).items():
        if name != "web":
            found = started.get(name) or " ".join(services[name]["command"])
            assert command.removeprefix("TZ=UTC ") == found, name
    assert services["scheduler"]["environment"]["TZ"] == "UTC"
    for name in (*PROCESSES, "release"):
        one = services[name]
        assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"]), name
        assert set(one["environment"]) - {"TZ", "AUDIOSPECTIVE_ENV_FILE"} <= known_settings()
        assert ("healthcheck" in one) is (name != "web"), name
        assert all(other in services for other in one["depends_on"]), name
    for one in services.values():
        for volume in one.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).exists(), volume
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    assert asked - known_settings() == MADE_BY_COMPOSE


def test_compose_gives_the_database_and_the_files_a_place_that_lasts() -> None:
    services = COMPOSE["services"]
    assert services["database"]["volumes"] == ["database:/var/lib/postgresql/data"]
    assert all("files:/var/lib/audiospective" in services[name]["volumes"] for name in PROCESSES)
    opened = {name: one["ports"] for name, one in services.items() if "ports" in one}
    assert opened == {
        "proxy": ["${LISTEN:-127.0.0.1:8000}:8080"],
        "proxy-behind": ["${LISTEN_BEHIND:-127.0.0.1:8001}:8081"],
    }
    # Whoever reaches the second is believed, so it is not there unless it is asked for.
    assert [name for name, one in services.items() if "profiles" in one] == ["proxy-behind"]
    assert services["proxy-behind"]["profiles"] == ["behind"]


def haproxy() -> str:
    return shutil.which("haproxy") or "/usr/sbin/haproxy"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_the_proxy_understands_its_configuration(tmp_path: Path, tls: bool) -> None:
    text = HAPROXY.read_text().replace("web:8000", "127.0.0.1:8000")
    if tls:
        (tmp_path / "site.pem").write_bytes(b"".join(certificate("archive.example")))
        text = text.replace("#tls ", "").replace("/usr/local/etc/haproxy", str(tmp_path))
    file = tmp_path / "haproxy.cfg"
    file.write_text(text)
    command = [haproxy(), "-c", "-f", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


class Echo(BaseHTTPRequestHandler):
    """Answers with what arrived of a visitor."""

    def do_GET(self) -> None:
        told = [self.headers.get(f"X-Forwarded-{name}") for name in ("For", "Proto")]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_the_proxy_says_who_the_visitor_is_behind_another_one_too(tmp_path: Path) -> None:
    """Where another proxy ends TLS, visitors came over https: else each is led to https again."""
    text = HAPROXY.read_text()
    plain, behind = free_port(), free_port()
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        text = text.replace("bind :8080", f"bind 127.0.0.1:{plain}")
        text = text.replace("bind :8081", f"bind 127.0.0.1:{behind}")
        text = text.replace("web:8000", f"127.0.0.1:{site.server_port}").replace(" check ", " ")
        (tmp_path / "haproxy.cfg").write_text(text)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        proxy = start([haproxy(), "-db", "-f", str(tmp_path / "haproxy.cfg")], **quiet)
        try:
            until(lambda: accepts(plain) and accepts(behind), "the proxy answers")
            claims = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9", "X-Forwarded-Proto": "http"}
            told = [
                requests.get(f"http://127.0.0.1:{port}/", headers=claims, timeout=60).json()
                for port in (plain, behind)
            ]
        finally:
            stop(proxy)
            site.shutdown()
    assert told == [["127.0.0.1", "http"], ["6.6.6.6, 203.0.113.9", "https"]]


def unit(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


def test_the_units_start_the_processes_of_the_procfile() -> None:
    for name, command in procfile(ROOT).items():
        kind = "migrate" if name == "release" else name
        service = unit(ROOT / f"deploy/systemd/audiospective-{kind}.service")["Service"]
        started = service["ExecStart"].removeprefix("/srv/audiospective/.venv/bin/")
        started = started.removesuffix(" --bind 127.0.0.1:8000")
        assert started == command.removeprefix("TZ=UTC ")
        assert "TZ=UTC" in service["Environment"]
        assert service["User"] == "audiospective"


def test_the_units_are_understood_and_shut_in(tmp_path: Path) -> None:
    """By systemd itself where this machine has it."""
    made = []
    for path in UNITS:
        text = path.read_text().replace("/srv/audiospective", str(ROOT))
        made.append(tmp_path / path.name)
        made[-1].write_text(text.replace("=audiospective\n", "=root\n", 2))
        if path.suffix == ".service":
            service = unit(path)["Service"]
            assert (service["ProtectSystem"], service["NoNewPrivileges"]) == ("strict", "yes")
            assert service["CapabilityBoundingSet"] == ""
    if found := shutil.which("systemd-analyze"):
        done = subprocess.run(
            [found, "verify", "--man=no", "--recursive-errors=no", *made],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        for path in made:
            if path.suffix == ".service":
                exposed = subprocess.run(
                    [found, "security", "--offline=true", "--threshold=30", path],
                    capture_output=True, text=True, check=False,
                )  # fmt: skip
                assert exposed.returncode == 0, exposed.stdout[-2000:]
