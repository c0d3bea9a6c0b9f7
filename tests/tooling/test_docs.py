"""What the documentation shows works: links lead somewhere, commands and settings exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
import yaml

from audiospective.cli import audiospective
from tests.tooling.test_tools import load

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob(".github/**/*.md")])
# Variables of platforms, of compose.yaml and of Python.
OTHERS = {
    "LISTEN",
    "LISTEN_BEHIND",
    "COMPOSE_PROFILES",
    "PORT",
    "WEB_CONCURRENCY",
    "POSTGRES_PASSWORD",
    "AUDIOSPECTIVE_ENV_FILE",
}
# Names of PostgreSQL, and kinds of times in exports, which are put together of two parts.
NOT_OURS = {
    "shared_buffers", "end_second", "end_minute", "end_day", "heard_minute", "began_minute",
    "began_day",
}  # fmt: skip
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def code(text: str) -> Iterator[str]:
    """Every line of code: of blocks, and between single backticks."""
    for _, block in FENCE.findall(text):
        yield from block.splitlines()
    yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", FENCE.sub("", text)))


def anchors(page: Path) -> set[str]:
    """Where links into a page may lead: its headings, as GitHub and others name them."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"<(https?://[^>\s]+)>", text)
    for link in links:
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https", link
            assert "." in parts.netloc, link
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        assert target.exists(), link
        if parts.fragment:
            assert parts.fragment in anchors(target), link


def options(command: click.Command) -> set[str]:
    return {"--help", "-h"} | {
        name for one in command.params for name in (*one.opts, *one.secondary_opts)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_shown_exists(page: Path) -> None:
    for line in code(page.read_text()):
        for module, rest in re.findall(r"python3? -m ([\w.]+)([^|;&)]*)", line):
            if module != "audiospective":
                assert find_spec(module), line
                continue
            name, *words = shlex.split(rest) or [""]
            if name in ("", "..."):
                continue
            command = audiospective.get_command(click.Context(audiospective), name)
            assert command is not None, line
            if isinstance(command, click.Group) and words:
                command = command.get_command(click.Context(command), words[0])
                assert command is not None, line
            asked = {word.partition("=")[0] for word in words if word.startswith("-")}
            assert asked <= options(command), line
        if target := re.match(r"make ([a-z]+)", line):
            assert re.search(rf"^{target[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line
        for tool in re.findall(r"python (tools/\w+\.py)", line):
            assert (ROOT / tool).exists(), line
        for unit in re.findall(r"audiospective-[a-z]+(?:\.timer)?", line):
            file = unit if unit.endswith(".timer") else f"{unit}.service"
            assert (ROOT / "deploy/systemd" / file).exists(), line


def test_the_readme_lists_every_command() -> None:
    table = (ROOT / "README.md").read_text().partition("## Commands")[2]
    lines = re.findall(r"^\| (`.+?`(?:, `.+?`)*) \|", table, re.MULTILINE)
    listed = {shown.split()[0] for line in lines for shown in re.findall(r"`([^`]+)`", line)}
    assert listed == {*audiospective.list_commands(click.Context(audiospective))}


def test_the_readme_leads_to_every_page() -> None:
    led = set(re.findall(r"\]\(([^)\s#]+)", (ROOT / "README.md").read_text()))
    assert {str(page.relative_to(ROOT)) for page in PAGES if page.parent == ROOT / "docs"} <= led


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_names_that_are_shown_are_in_the_tree(page: Path) -> None:
    """Modules, templates and styles, and what has an underscore: events, tables, columns."""
    if page.name == "CHANGELOG.md":  # it tells of what was
        return
    for line in re.findall(r"`([^`]+)`", FENCE.sub("", page.read_text())):
        if re.fullmatch(r"[a-z_./]+\.(py|css|html|cfg)", line):
            assert any(file.endswith(f"/{line}") for file in files()), line
        if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", line):
            assert line in written() or line in NOT_OURS, line


@cache
def files() -> list[str]:
    """Every file of the tree that a page may name."""
    rooms = ("audiospective", "templates", "static", "tests", "tools", "deploy")
    return [f"/{one.name}" for one in ROOT.glob("*")] + [
        f"/{one.relative_to(ROOT)}" for room in rooms for one in (ROOT / room).rglob("*.*")
    ]


@cache
def written() -> str:
    """All of the package and its templates."""
    return "\n".join(
        one.read_text()
        for room, kind in (("audiospective", "*.py"), ("templates", "*.*"))
        for one in (ROOT / room).rglob(kind)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = {name for _, found in load("settings_table").sections() for name, _, _ in found}
    for line in code(page.read_text()):
        for name in re.findall(r"(?:^|\s)([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)=", line):
            assert name in known | OTHERS, line


def test_the_table_of_settings_is_that_of_the_code() -> None:
    table = load("settings_table")
    known = table.defaults()
    listed = {
        name: (example, words) for _, rows in table.sections() for name, example, words in rows
    }
    assert listed.keys() == known.keys()
    for name, (example, words) in listed.items():
        assert words, f"{name}: nothing is said of it in .env.example"
        assert known[name] in ("", example), f"{name}: .env.example shows another default"
    assert table.PAGE.read_text() == table.page(), "run python tools/settings_table.py"


@pytest.mark.parametrize("tool", ["settings_table", "sbom"])
def test_a_tool_that_writes_a_page_finds_the_package_from_anywhere(
    tool: str, tmp_path: Path
) -> None:
    """As `python tools/NAME.py` does, which has no other folder to look in than tools."""
    code = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='read')"
    told = [sys.executable, "-P", "-c", code, str(ROOT / "tools" / f"{tool}.py")]
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(told, cwd=tmp_path, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_forms_for_reports_can_be_read() -> None:
    for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text())
        assert json.dumps(form)
        if path.name != "config.yml":
            assert {"name", "description", "body"} <= form.keys()
            ids = [part["id"] for part in form["body"] if "id" in part]
            assert len(ids) == len(set(ids)) > 0
