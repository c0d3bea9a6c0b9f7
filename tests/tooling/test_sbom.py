"""The bill of materials names what is installed, as its standard wants it."""

from __future__ import annotations

import json
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.tooling.test_tools import load

ROOT = Path(__file__).parents[2]


def test_the_bill_of_materials_is_that_of_the_tree_and_valid() -> None:
    sbom = load("sbom")
    text = sbom.FILE.read_text()
    assert text == sbom.text(), "run python tools/sbom.py"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    told = json.loads(text)
    known = {one["purl"] for one in told["components"]}
    direct = {
        f"pkg:pypi/{one.name.lower().replace('_', '-')}@{str(one.specifier).removeprefix('==')}"
        for one in sbom.requirements("requirements.txt")
    }
    assert direct <= known
    assert not any("pytest" in one for one in known)  # what only the tests need is no part of it
    vendored = {
        str(path.relative_to(ROOT / "static/vendor"))
        for path in (ROOT / "static/vendor").rglob("*.js")
    }
    assert vendored == {*sbom.SCRIPTS}
    assert all(one["licenses"] for one in told["components"])
