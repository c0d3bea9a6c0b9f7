"""The description of the interface is valid OpenAPI, complete, and what the server does."""

from __future__ import annotations

from datetime import timedelta

import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.specs.openapi.checks import positive_data_acceptance

from audiospective import clock
from audiospective.accounts import api_tokens
from audiospective.history import append
from audiospective.history.catalog import polled
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.policy import api_scopes
from audiospective.web import throttle
from audiospective.web.api import plays, tokens
from tests.factories import connected, track
from tests.web.conftest import Site

EXAMPLES = 6  # of each address


def test_it_is_valid_and_names_every_address(site: Site) -> None:
    answer = site.visitor().get("/api/v1/openapi.json")
    assert answer.headers["Cache-Control"].startswith("public")
    described = answer.json
    assert [*OpenAPIV31SpecValidator(described).iter_errors()] == []
    kinds = ("tracks", "albums", "artists")
    there = {
        rule.rule.replace("<kind>", kind)
        for rule in site.app.url_map.iter_rules()
        for kind in kinds
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "api_description.document"
    }
    assert described["paths"].keys() == there
    assert described["servers"] == [{"url": site.services.settings.base_url}]


def test_the_server_does_what_it_says(site: Site, monkeypatch) -> None:
    monkeypatch.setattr(throttle, "spend", lambda limit, who=None: 0)
    now = clock.now()
    alice = connected(site.services, last_success_at=now, last_polled_at=now).user
    facts = [track("Ebb"), track("Flood")]
    ids = polled.remember(facts)
    append.polled(
        [
            append.NewPlay(alice.id, clock.to_ms(now - timedelta(hours=n)),
                           ids[facts[n % 2].spotify_id], None)
            for n in range(6)
        ]
    )  # fmt: skip
    Coverage.begin(alice.id, now - timedelta(days=9))
    Gap.create(
        user=alice, started_at=now - timedelta(days=2), probably_from=now - timedelta(days=2),
        ended_at=now - timedelta(days=1), cause="outage", certainty="sure", opened_at=now,
    )  # fmt: skip
    shown = api_tokens.make(alice, "Test", api_scopes.SCOPES, 30)
    headers = {"Authorization": f"Bearer {shown}"}
    base_url = site.services.settings.base_url
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", site.app, base_url=base_url)
    tried = set()
    for found in schema.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
        def answers(case) -> None:
            tried.add(case.operation.path)
            # A period may be written well and lie ahead.
            allowed = [positive_data_acceptance] if "period" in (case.query or {}) else []
            case.call_and_validate(base_url=base_url, headers=headers, excluded_checks=allowed)

        answers()
    assert len(tried) == 6


def test_the_limit_of_a_token_is_enough_for_a_whole_archive() -> None:
    assert tokens.READS.count * plays.MOST >= 250_000
