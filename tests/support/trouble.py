"""Members with proven addresses, a post office, and rounds of maintenance under a test clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from audiospective.services import Services
from tests.support import post_office
from tests.support.life import Life
from tests.support.post_office import PostOffice


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office.running() as found:
        yield found


@pytest.fixture
def posted(services: Services, office: PostOffice) -> Services:
    """Services whose e-mails go to the post office."""
    settings = replace(services.settings, resend_api_key="re_test", resend_api_url=office.url)
    return replace(services, settings=settings)


@pytest.fixture
def life(posted: Services, spotify, frozen, office: PostOffice) -> Life:
    """The archive as it goes on: polls when they are due, maintenance every twenty minutes."""
    return Life(posted, spotify, frozen, office)
