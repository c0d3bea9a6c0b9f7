"""Writes sbom.cdx.json: what the archive runs on, as CycloneDX; `--check` only compares.

The packages are those that requirements.txt brings along, at the versions of constraints.txt, with
the licences that they state; the scripts are those that browsers get.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import uuid
from collections.abc import Iterable, Iterator
from email.message import Message
from importlib.metadata import distribution
from pathlib import Path
from typing import cast

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "sbom.cdx.json"
# npm packages within a script of static/vendor: their versions and licences.
SCRIPTS = {
    "htmx/htmx-2.0.11.min.js": {"htmx.org": ("2.0.11", "0BSD")},
    "fflate/fflate-0.8.3.min.js": {"fflate": ("0.8.3", "MIT")},
    "hyparquet/hyparquet-1.31.5.min.js": {
        "hyparquet": ("1.31.5", "MIT"),
        "fzstd": ("0.1.1", "MIT"),
    },
}
# Where the archive runs; what only another system or Python needs is no part of it.
PLACES = [
    {"python_version": version, "python_full_version": f"{version}.0", "sys_platform": system}
    for version in ("3.11", "3.12", "3.13")
    for system in ("linux", "darwin")
]
HERE: dict[str, str] = {name: str(value) for name, value in default_environment().items()}
LICENCES = LicenseFactory()
LONGEST = 60  # characters of the name of a licence; some packages give the whole text


def requirements(name: str) -> Iterator[Requirement]:
    """The lines of a requirements file that name a package."""
    for line in (ROOT / name).read_text().splitlines():
        if line and not line.startswith(("#", "-")):
            yield Requirement(line)


def pinned() -> dict[str, str]:
    """Versions by name, of everything that is pinned."""
    return {
        canonicalize_name(one.name): str(one.specifier).removeprefix("==")
        for one in requirements("constraints.txt")
    }


def needs(name: str, extras: Iterable[str]) -> Iterator[Requirement]:
    """What a package brings along with these extras."""
    for line in distribution(name).requires or ():
        one = Requirement(line)
        if one.marker is None or any(
            one.marker.evaluate({**HERE, **place, "extra": extra})
            for place in PLACES
            for extra in ("", *extras)
        ):
            yield one


def runtime() -> dict[str, set[str]]:
    """Every package that the archive runs on, and those that it needs itself."""
    known = pinned()
    found: dict[str, set[str]] = {}
    waiting = list(requirements("requirements.txt"))
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if name in found and not one.extras:
            continue
        more = [
            other for other in needs(name, one.extras) if canonicalize_name(other.name) in known
        ]
        found.setdefault(name, set()).update(canonicalize_name(other.name) for other in more)
        waiting += more
    return found


def licence(about: Message) -> str:
    """What a package says of its licence, as short as it says it."""
    said = about.get("License-Expression") or about.get("License") or ""
    if said and "\n" not in said and len(said) <= LONGEST:
        return str(said)
    named = [one for one in about.get_all("Classifier", []) if one.startswith("License :: ")]
    return " AND ".join(one.rpartition(" :: ")[2] for one in named) or "not stated"


def package(name: str, version: str) -> Component:
    about = cast(Message, distribution(name).metadata)
    assert about["Version"] == version, f"{name} {about['Version']} is installed, not {version}"
    url = PackageURL("pypi", name=name, version=version)
    return Component(
        name=name, version=version, type=ComponentType.LIBRARY, purl=url, bom_ref=str(url),
        licenses=[LICENCES.make_from_string(licence(about))],
    )  # fmt: skip


def script(path: str, name: str, version: str, said: str) -> Component:
    url = PackageURL("npm", name=name, version=version)
    digest = hashlib.sha256((ROOT / "static/vendor" / path).read_bytes()).hexdigest()
    return Component(
        name=name, version=version, type=ComponentType.LIBRARY, purl=url, bom_ref=str(url),
        description=f"In static/vendor/{path}, whose hash this is.",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        licenses=[LICENCES.make_from_string(said)],
    )  # fmt: skip


def text() -> str:
    """The whole file; the same for the same packages."""
    (release,) = re.findall(
        r'__version__ = "(.+)"', (ROOT / "audiospective/__init__.py").read_text()
    )
    archive = Component(
        name="audiospective", version=release, type=ComponentType.APPLICATION, bom_ref="archive",
        licenses=[LICENCES.make_from_string("MIT")],
    )  # fmt: skip
    tree, versions = runtime(), pinned()
    packages = {name: package(name, versions[name]) for name in sorted(tree)}
    scripts = [
        script(path, name, *told) for path, held in SCRIPTS.items() for name, told in held.items()
    ]
    bom = Bom(components=[*packages.values(), *scripts], serial_number=uuid.UUID(int=0))
    bom.metadata.component = archive
    direct = {canonicalize_name(one.name) for one in requirements("requirements.txt")}
    bom.register_dependency(archive, [*(packages[name] for name in sorted(direct)), *scripts])
    for name, others in tree.items():
        bom.register_dependency(packages[name], [packages[other] for other in sorted(others)])
    made = json.loads(JsonV1Dot6(bom).output_as_string())
    del made["metadata"]["timestamp"]  # the same packages are the same file
    made["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(made, sort_keys=True)).urn
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    if "--check" in sys.argv:
        if not FILE.exists() or FILE.read_text() != text():
            sys.exit(f"{FILE.name} is old: run python tools/sbom.py")
        return
    FILE.write_text(text())


if __name__ == "__main__":
    main()
