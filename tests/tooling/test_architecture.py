"""What the architecture page says of places is so."""

from __future__ import annotations

import ast
import keyword
import re
import tomllib
from pathlib import Path
from statistics import median

import pytest
from click import Context

from audiospective.cli import audiospective
from audiospective.exports.bundle import completeness
from audiospective.history.segment import COLUMNS
from audiospective.imports.source_bits import BITS
from audiospective.imports.sources import SOURCES
from audiospective.jobs import tasks
from audiospective.jobs.periodic import timetable
from audiospective.notices import kinds
from audiospective.policy.failures import Failure
from audiospective.policy.gaps import Cause
from audiospective.web.health import words
from tests.fixtures import make_settings

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text()
TABLE = PAGE[PAGE.index("## Where a change goes") : PAGE.index("## Proof")]
# Code blocks hold drawings; what ends like a file or a folder is a place.
PROSE = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
NAMES = set(re.findall(r"`([A-Za-z_/]+(?:/|\.(?:py|md|html|txt)))`", PROSE))
PLACES = sorted(name for name in NAMES if "/" in name and not name.startswith("/"))
MODULES = sorted((ROOT / "audiospective").rglob("*.py"))
KINDS = sorted(path.stem for path in Path(kinds.__file__).parent.glob("[!_]*.py"))


def named(row: str) -> list[str]:
    """The places that a row of the table names."""
    (line,) = [line for line in TABLE.splitlines() if line.startswith(f"| {row}")]
    return [place for place in re.findall(r"`([^`]+)`", line) if "/" in place or "." in place]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_named_exists(place: str) -> None:
    pattern = re.sub(r"[A-Z]{4,}", "*", place).rstrip("/")
    roots = (ROOT, ROOT / "audiospective")
    assert any(found for root in roots for found in root.glob(pattern)), place


@pytest.mark.parametrize("kind", KINDS)
def test_each_e_mail_has_all_its_parts(kind: str) -> None:
    for place in named("an e-mail"):
        assert (ROOT / place.replace("KIND", kind)).exists(), place


@pytest.mark.parametrize("source", [one.name for one in SOURCES])
def test_each_source_has_all_its_parts(source: str) -> None:
    for place in named("a source"):
        path = ROOT / place.replace("SOURCE", source)
        assert path.exists()
        if "SOURCE" not in place:
            assert source in path.read_text(), place


def test_each_column_of_plays_is_described() -> None:
    described = (ROOT / "docs" / "archive-format.md").read_text()
    assert [column for column in COLUMNS if f"`{column}`" not in described] == []
    bits = re.findall(r"`(\w+)`", described.partition("Bits of `seen`")[2].partition("\n\n")[0])
    assert {name: 1 << number for number, name in enumerate(bits)} == BITS


def test_each_failure_type_is_named_by_a_table_of_the_tests() -> None:
    tested = "".join(path.read_text() for path in (ROOT / "tests" / "policy").glob("test_*.py"))
    assert [one.name for one in Failure if f"Failure.{one.name}" not in tested] == []


def test_each_cause_of_gaps_has_words_on_pages_and_in_bundles() -> None:
    causes = {cause.value for cause in Cause}
    assert words.CAUSES.keys() == causes
    assert completeness.CAUSES.keys() == causes | {completeness.UNCHECKED}


def test_each_command_is_a_module_of_its_name() -> None:
    (place,) = named("a command")
    for command in audiospective.list_commands(Context(audiospective)):
        module = command.replace("-", "_") + ("_" if keyword.iskeyword(command) else "")
        assert (ROOT / place.replace("COMMAND", module)).exists()


def test_whatever_runs_by_itself_is_a_task(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, f"sqlite:///{tmp_path}/a.db", "redis://127.0.0.1:1/0")
    assert all(hasattr(tasks, entry.task) for entry in timetable(settings))


def test_each_setting_stands_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text()
    read = (ROOT / "audiospective" / "settings.py").read_text()
    names = set(re.findall(r'"([A-Z][A-Z0-9_]{5,})"', read)) - {"WARNING", "CRITICAL"}
    assert sorted(name for name in names if f"{name}=" not in example) == []


def test_the_floors_that_are_shown_are_those_that_are_checked() -> None:
    checked = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    floors = [set(re.findall(r"\w+", one)) for one in checked["contracts"][0]["layers"]]
    told = (ROOT / "CONTRIBUTING.md").read_text().partition("go down only: ")[2]
    listed = told.partition(".")[0].split(">")
    assert [set(re.findall(r"\w+", one)) for one in listed] == floors
    drawn = PAGE.partition("## The house")[2].partition("```")[2].partition("```")[0]
    rows = [re.split(r"  +", line)[0] for line in drawn.strip().splitlines()]
    assert [set(row.split()) for row in rows] == floors


def test_sandbox_and_supervisor_are_kept_from_every_floor_but_the_clock() -> None:
    checked = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = {one["id"]: one["layers"] for one in checked["contracts"] if "layers" in one}
    floors = set(re.findall(r"\w+", " ".join(layers["floors"])))
    assert set(re.findall(r"\w+", layers["guests"][0])) == floors - {"clock"}


def lines(module: Path) -> int:
    return len(module.read_text().splitlines())


def test_modules_are_small() -> None:
    assert median(map(lines, MODULES)) <= 70


def test_a_long_module_says_why_it_is_one() -> None:
    long = [one for one in MODULES if lines(one) > 250 and one.parent.name != "migrations"]
    reasons = {one.stem: ast.get_docstring(ast.parse(one.read_text())) or "" for one in long}
    assert [name for name, reason in reasons.items() if "long" not in reason.lower()] == []
