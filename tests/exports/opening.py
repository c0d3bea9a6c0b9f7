"""How soon a bundle's page can be searched: `python -m tests.exports.opening --plays 1000000`.

Opens it from the disk in Chromium, with `--browser firefox` in Firefox. Run it where nothing else
runs: the goal is two seconds by the clock.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from audiospective import models
from audiospective.bench.cataloging import catalog_rows
from audiospective.bench.filling import archive
from audiospective.bench.listening import Catalog
from tests.exports.test_page import write
from tests.support.browser import ARGUMENTS, executable
from tests.support.firefox import firefox

TRIES = 5
YEARS = 10.0
# Milliseconds since the page was asked for, once it can be searched, and the rows of an answer.
OPENED = """
done => {
  const look = () => document.documentElement.classList.contains("opened")
    ? done(performance.now()) : requestAnimationFrame(look);
  look();
}
"""
SEARCH = """
done => {
  const began = performance.now();
  location.hash = "#/history?q=love";
  const look = () => (document.querySelector("#results [role=status]")?.textContent || "")
    .includes("match") ? done(performance.now() - began) : requestAnimationFrame(look);
  look();
}
"""


def _in_chromium(file: Path) -> dict[str, float]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        page = browser.new_page()
        devtools = page.context.new_cdp_session(page)
        devtools.send("Performance.enable")
        page.goto(file.as_uri(), wait_until="commit")
        opened = page.evaluate(f"() => new Promise({OPENED})")
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        used = next(one["value"] for one in metrics if one["name"] == "ProcessTime")
        search = page.evaluate(f"() => new Promise({SEARCH})")
        browser.close()
    return {"searchable": opened / 1000, "processor time": used, "a search": search / 1000}


def _in_firefox(file: Path) -> dict[str, float]:
    with TemporaryDirectory() as name, firefox(Path(name)) as browser:
        browser.go(file.as_uri())
        opened = browser.run(f"() => new Promise({OPENED})")
        search = browser.run(f"() => new Promise({SEARCH})")
        asked = [url for url in browser.requests if not url.startswith("data:")]
        assert not asked, asked
    return {"searchable": opened / 1000, "a search": search / 1000}


BROWSERS = {"chromium": _in_chromium, "firefox": _in_firefox}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, default=1_000_000)
    parser.add_argument("--browser", choices=BROWSERS, default="chromium")
    asked = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        models.bind(f"sqlite:///{folder / 'plays.db'}")
        models.migrate()
        with models.database.connection_context():
            catalog = Catalog.of(max(1_000, asked.plays // 8))
            catalog_rows(catalog)
            file = write(archive(catalog, 0, asked.plays, YEARS, full=False), folder)
        print(f"{asked.plays:,} plays, {file.stat().st_size / 1e6:.1f} MB")
        _told([BROWSERS[asked.browser](file) for _ in range(TRIES)])


def _told(found: list[dict[str, float]]) -> None:
    best, middle = (
        {what: sorted(one[what] for one in found)[place] for what in found[0]}
        for place in (0, len(found) // 2)
    )
    for what in best:
        print(f"  {what:<16} best {best[what]:6.2f} s, median {middle[what]:6.2f} s")


if __name__ == "__main__":
    main()
