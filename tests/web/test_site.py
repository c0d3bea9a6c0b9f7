"""The site as a whole: no group of pages is forgotten, and every endpoint says whose it is."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest
from flask import Blueprint

from audiospective import web
from audiospective.web.navigation import PAGES
from audiospective.web.short_addresses import MEANT
from audiospective.web.site import BLUEPRINTS
from tests.factories import make_user


def test_every_group_of_pages_is_part_of_the_site() -> None:
    names = [found.name for found in pkgutil.walk_packages(web.__path__, f"{web.__name__}.")]
    groups = {
        group.import_name: group
        for name in names
        if isinstance(group := getattr(importlib.import_module(name), "blueprint", None), Blueprint)
    }
    assert {group.name for group in groups.values()} == {group.name for group in BLUEPRINTS}
    assert len({group.name for group in BLUEPRINTS}) == len(BLUEPRINTS) == len(groups)


def test_every_endpoint_names_its_group_and_its_view(site) -> None:
    groups = {group.name for group in BLUEPRINTS}
    for rule in site.app.url_map.iter_rules():
        group, _, view = rule.endpoint.partition(".")
        assert group in groups, rule
        assert view.isidentifier(), rule


def test_the_navigation_leads_to_pages_of_the_map(site) -> None:
    with site.app.test_request_context(base_url=site.services.settings.base_url):
        known = [endpoint for endpoint, _ in PAGES if endpoint in site.app.view_functions]
        assert {"dashboard.page", "health.page"} <= set(known)


@pytest.mark.parametrize("word", MEANT)
def test_an_address_that_people_guess_leads_to_a_page(site, word) -> None:
    member = site.member(make_user("alice"))
    answer = member.get(f"/{word}")
    assert answer.status_code == 302
    assert member.get(answer.headers["Location"]).status_code in (200, 302)
    assert site.visitor().get(f"/{word}/").status_code == 404


@pytest.mark.parametrize("number", [0, 2**31, 2**63 - 1, 2**63, 10**30])
def test_a_number_that_no_row_has_breaks_no_page(site, number) -> None:
    site.app.config["WTF_CSRF_ENABLED"] = False
    member = site.member(make_user("numbers"))
    tried = 0
    for rule in site.app.url_map.iter_rules():
        if "<int:" not in rule.rule:
            continue
        address = re.sub("<int:[a-z_]+>", str(number), rule.rule)
        address = re.sub("<[a-z_:]+>", "x", address)
        for method in {"GET", "POST"} & rule.methods:
            status = member.open(address, method=method).status_code
            assert status < 500, (method, address)
            assert status == 404 or number < 2**63, (method, address)
            tried += 1
    assert tried > 10
