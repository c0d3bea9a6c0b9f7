"""What a run prints: its figures, or the shortest beginning of it that fails."""

from __future__ import annotations

from collections.abc import Iterator

from audiospective import clock
from audiospective.models.imports import FAILED
from audiospective.simulation.losses import RECORDED
from audiospective.simulation.run import Result

HALF = " (half a file; no other may fail)"
LAST = 12  # steps before a failure that are printed


def figures(result: Result) -> Iterator[str]:
    """A run in which nothing was wrong, in a few lines."""
    found, plan = result.balance, result.plan
    if result.stopped:
        yield f"Stopped after {result.days} of {plan.days} days; nothing was wrong until then."
    yield (
        f"seed {plan.seed}: {plan.members} members, {plan.days} days, faults {plan.faults}:"
        f" {result.steps} steps, trace {result.trace[:16]}"
    )
    yield f"  {found.polls} polls, {found.plays} plays archived, each once"
    for kind, lost in found.lost.most_common():
        always = "all" if kind in RECORDED else str(found.recorded[kind])
        yield f"  {lost} lost, {always} in a gap: {kind}"
    if found.gaps:
        ratio = found.gap_hours / max(found.possible_hours, 1e-9)
        yield (
            f"  {found.gaps} gaps: {found.gap_hours:.0f} hours, a loss was possible in"
            f" {found.possible_hours:.0f} (ratio {ratio:.2f})"
        )
    if found.emails:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(found.emails.items()))
        yield f"  e-mails: {told}"
    if found.imports:
        told = ", ".join(
            f"{count} {status}{HALF if status == FAILED else ''}"
            for status, count in sorted(found.imports.items())
        )
        yield f"  imports: {told}"
    if result.met:
        met = ", ".join(f"{count} {kind}" for kind, count in sorted(result.met.items()))
        yield f"  faults met: {met}"


def failure(result: Result) -> Iterator[str]:
    """A run that failed: what is wrong, where, and what led to it."""
    plan = result.plan
    yield (
        f"seed {plan.seed}: WRONG after {result.steps} steps, at"
        f" {clock.from_ms(result.at):%Y-%m-%d %H:%M:%S}, in: {result.step}"
    )
    yield from (f"  {text}" for text in result.wrong)
    yield "  the steps before:"
    yield from (f"    {line[:300]}" for line in result.log[-LAST:])
