"""axe-core inside the page, under the page's own Content-Security-Policy."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

FILE = Path(__file__).parent / "vendor/axe-core/axe-4.14.1.min.js"
# From the npm package axe-core 4.14.1, axe.min.js.
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CONTRAST = {"type": "rule", "values": ["color-contrast"]}  # what a change of colours may break

# Only what is told below: on a page of 1,500 elements, describing all that passed costs as much as
# looking at them, and carrying it here half as much again.
RUN = """
async rules => {
  const found = await axe.run(
    document, {runOnly: rules, resultTypes: ["violations", "incomplete"]});
  const told = results => results.map(({id, nodes}) => (
    {id, nodes: nodes.map(({target, failureSummary}) => ({target, failureSummary}))}));
  return {violations: told(found.violations), incomplete: told(found.incomplete)};
}
"""

# What axe cannot decide by itself; anything else on this list has to be looked at by a person.
#  - color-contrast: text over the sample picture's paper; the colours have a test of their own.
UNDECIDED = {"color-contrast"}


def source() -> str:
    body = FILE.read_bytes()
    assert hashlib.sha256(body).hexdigest() == SHA256
    return body.decode()


def violations(page: Page, *, of: dict[str, Any] | None = None) -> list[str]:
    """One line per violation; evaluated rather than added as a script, which the policy forbids.

    `of` is CONTRAST where the same page was looked at before, in other colours.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(source())
    found: dict[str, Any] = page.evaluate(RUN, of or {"type": "tag", "values": TAGS})
    lines = [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
    lines += [
        f"undecided {rule['id']}: {[node['target'] for node in rule['nodes']]}"
        for rule in found["incomplete"]
        if rule["id"] not in UNDECIDED
    ]
    return lines
