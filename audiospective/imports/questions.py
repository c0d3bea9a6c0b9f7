"""What the files of an import ask, and which answers are still missing. It loads no Polars."""

from __future__ import annotations

from typing import Any

from audiospective.imports.choices import Choices
from audiospective.imports.findings import Findings


def asked(found: Findings) -> list[dict[str, Any]]:
    """What the files ask, each once."""
    questions = {one["kind"]: one for file in found.files for one in file.questions}
    return list(questions.values())


def unanswered(found: Findings, choices: Choices) -> list[str]:
    """Kinds of questions that have to be answered before anything may be added."""
    told = found.review or {}
    # A mapping that says enough is not asked for again.
    missing = [
        one["kind"]
        for one in asked(found)
        if one["required"] and (one["kind"] == "mapping" or getattr(choices, one["kind"]) is None)
    ]
    if told.get("foreign") and choices.others is None:
        missing.append("others")
    shifts = told.get("shifts", {})
    return missing + [f"clock-{one}" for one in shifts if one not in choices.clocks]
