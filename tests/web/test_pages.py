"""The component page, themes and probes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2.nodes import Call, FromImport, Macro, Name, Template
from peewee import OperationalError

from audiospective import models
from tests.factories import make_user
from tests.web.conftest import MakeSite, Site, Visitor

TEMPLATES = Path(__file__).parents[2] / "templates"


def test_the_component_page_is_for_the_sandbox_alone(make_site: MakeSite) -> None:
    assert make_site().visitor().get("/_components").status_code == 404
    sandbox = make_site(spotify_api_url="http://127.0.0.1:9999/v1")
    page = sandbox.visitor().page("/_components")
    assert {"Buttons", "Fields", "Notices", "Music"} <= {h2.text for h2 in page.all("h2")}


def macros(source: str) -> dict[str, set[str]]:
    """The macros of a template, each with the names that it calls."""
    tree = Environment(autoescape=True).parse(source)
    return {
        macro.name: {call.node.name for call in macro.find_all(Call) if isinstance(call.node, Name)}
        for macro in tree.find_all(Macro)
    }


def test_the_component_page_shows_every_block() -> None:
    blocks: dict[str, set[str]] = {}
    for path in (TEMPLATES / "components").glob("*.html"):
        blocks |= macros(path.read_text())
    page = Environment(autoescape=True).parse((TEMPLATES / "components/index.html").read_text())
    shown = {call.node.name for call in page.find_all(Call) if isinstance(call.node, Name)}
    while more := {inner for name in shown & set(blocks) for inner in blocks[name]} - shown:
        shown |= more
    assert len(blocks) > 40
    assert set(blocks) <= shown


def read(tree: Template | Macro) -> set[str]:
    return {name.name for name in tree.find_all(Name) if name.ctx == "load"}


def test_a_template_takes_in_nothing_that_it_does_not_use() -> None:
    unused = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        tree = Environment(autoescape=True).parse(path.read_text())
        named = [name for one in tree.find_all(FromImport) for name in one.names]
        taken = {name[1] if isinstance(name, tuple) else name for name in named}
        unused += [f"{path.relative_to(TEMPLATES)}: {one}" for one in taken - read(tree)]
        for macro in tree.find_all(Macro):
            told = {one.name for one in macro.args} - read(macro)
            unused += [f"{path.relative_to(TEMPLATES)}: {macro.name}({one})" for one in told]
    assert unused == []


def test_htmx_is_told_to_do_nothing_that_the_policy_forbids(visitor: Visitor) -> None:
    config = json.loads(visitor.page("/").one("meta", name="htmx-config").attributes["content"])
    assert config["allowEval"] is config["allowScriptTags"] is False
    assert config["includeIndicatorStyles"] is False
    assert config["historyCacheSize"] == 0
    assert config["historyRestoreAsHxRequest"] is False
    assert config["selfRequestsOnly"] is True
    swaps = {rule["code"]: rule["swap"] for rule in config["responseHandling"]}
    assert swaps == {"204": False, "[23]..": True, "422": True, "[45]..": False, "...": False}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chosen_theme_is_in_the_first_byte(site: Site, theme: str) -> None:
    member = site.member(make_user())
    assert "data-theme" not in member.page("/dashboard").one("html").attributes
    answer = member.submit(member.page("/dashboard"), "/theme", theme=theme, next="/dashboard")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard")
    page = member.page("/dashboard")
    assert page.one("html").attributes["data-theme"] == theme
    pressed = [b.attributes["value"] for b in page.all("button", aria_pressed="true")]
    assert pressed == [theme]
    member.submit(page, "/theme", theme="system")
    assert "data-theme" not in member.page("/dashboard").one("html").attributes


def test_a_theme_that_is_none_is_refused_and_a_forged_cookie_ignored(site: Site) -> None:
    member = site.member(make_user())
    assert member.submit(member.page("/dashboard"), "/theme", theme="neon").status_code == 400
    member.set_cookie("theme", '"><script>', domain="127.0.0.1")
    assert "data-theme" not in member.page("/dashboard").one("html").attributes


def test_choosing_a_theme_leads_to_no_other_site(site: Site) -> None:
    member = site.member(make_user())
    answer = member.submit(member.page("/dashboard"), "/theme", theme="dark", next="//evil.example")
    assert answer.headers["Location"] == "/"


def test_alive_is_said_without_a_database(
    site: Site, queries: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert site.visitor().get("/healthz").text == "ok\n"
    assert queries == []


def test_ready_means_that_the_database_answers(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answer = site.visitor().get("/readyz")
    assert (answer.status_code, answer.text) == (200, "database: ok\npolling: ok\nredis: ok\n")

    def away(*_: object, **__: object) -> None:
        raise OperationalError("no answer from secret-host")

    monkeypatch.setattr(models.database.obj, "execute_sql", away)
    answer = site.visitor().get("/readyz")
    assert (answer.status_code, answer.text) == (503, "database: no answer\nredis: ok\n")


def test_redis_away_is_said_but_stops_no_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from redis.exceptions import ConnectionError as RedisConnectionError

    def away(*_: object, **__: object) -> None:
        raise RedisConnectionError("away")

    monkeypatch.setattr(site.services.redis, "set", away)
    answer = site.visitor().get("/readyz")
    assert (answer.status_code, answer.text) == (
        200,
        "database: ok\npolling: ok\nredis: no answer\n",
    )
