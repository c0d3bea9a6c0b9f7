"""Draws static/img/card.png, the picture that a link to the site shows elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import system  # noqa: E402

from audiospective.web.assets import SITE_CSS, Assets  # noqa: E402
from audiospective.web.landing.sample import SAMPLE  # noqa: E402

CARD = ROOT / "static" / "img" / "card.png"
PAGE = """<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8">
<style>{{ css|safe }}
body { display: grid; grid-template: 1fr / 1fr 27rem; gap: 3rem; align-items: center;
  width: 1200px; height: 630px; min-height: 0; padding: 0 4.5rem; overflow: hidden; }
h1 { font-size: 4.1rem; line-height: 1.08; font-weight: 500; }
.wordmark { margin-bottom: 1.75rem; font-size: 1.75rem; }
figcaption { display: none; }
.sample { margin: 0; }
</style><div>{% from "components/mark.html" import wordmark %}{{ wordmark("/") }}
<h1 class="display">Spotify remembers fifty plays. Keep them all.</h1></div>
{% include "landing/_sample.html" %}</html>"""


def main() -> None:
    templates = Environment(loader=FileSystemLoader(ROOT / "templates"), autoescape=True)
    css = Assets().by_name[SITE_CSS].body.decode()
    page = templates.from_string(PAGE).render(css=css, sample=SAMPLE)
    with sync_playwright() as tools:
        browser = tools.chromium.launch(
            executable_path=system.chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        view = browser.new_page(viewport={"width": 1200, "height": 630}, color_scheme="light")
        view.set_content(page)
        view.screenshot(path=CARD)
        browser.close()


if __name__ == "__main__":
    main()
