"""What a bundle would bring back, as it is kept with the import and shown to its member."""

from __future__ import annotations

from pathlib import Path

from audiospective.imports.findings import Findings, FoundFile

SOURCE = "audiospective"


def read(path: str, name: str, scratch: Path, out: Path) -> Findings:
    """Read a bundle (restore.tables) and tell what is in it; raises ContainerError."""
    from audiospective.imports.restore import bundle_tables

    state = bundle_tables.read(Path(path), scratch, out)
    size = Path(path).stat().st_size
    file = FoundFile(
        0, name, size, SOURCE, rows=state["plays"], plays=state["plays"],
        first_at=state["first_at"], last_at=state["last_at"],
    )  # fmt: skip
    told = {
        "possible": True,
        "plays": state["plays"],
        "removed": state["removed"],
        "gaps": len(state["gaps"]),
        "sealed_at": state["sealed_at"],
        "owner": state["display_name"],
    }
    return Findings([file], tracks=state["tracks"], restore=told)
