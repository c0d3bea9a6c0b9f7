"""Error reports say what broke and where, and quote nothing."""

from __future__ import annotations

import logging
from typing import ClassVar

import pytest
import sentry_sdk
from sentry_sdk.transport import Transport

from audiospective.clients import error_reports


class Kept(Transport):
    """Keeps what would be sent."""

    sent: ClassVar[list[str]] = []

    def capture_envelope(self, envelope):
        Kept.sent.append(envelope.serialize().decode())


@pytest.fixture
def sent():
    Kept.sent = []
    error_reports.configure("https://key@reports.example/1", transport=Kept)
    yield Kept.sent
    sentry_sdk.init()


def test_an_error_is_reported_by_type_and_place_without_its_text(sent):
    access_token = "BQDx8fK2v0cT"
    try:
        raise ValueError(f"no: {access_token} of mara@people.example")
    except ValueError:
        logging.getLogger("audiospective").exception("poll failed")
    sentry_sdk.flush()
    (report,) = [one for one in sent if '"exception"' in one]
    assert "ValueError" in report
    assert "test_error_reports" in report
    assert access_token not in report
    assert "mara" not in report


def test_a_logged_error_keeps_neither_its_message_nor_its_values(sent):
    logging.getLogger("audiospective").error("%s was asked for by %s", "/u/token", "mara@x.example")
    logging.getLogger("audiospective").error("/u/token of mara@x.example")
    sentry_sdk.set_tag("page", "/u/token")
    sentry_sdk.set_context("visitor", {"address": "mara@x.example"})
    try:
        raise ValueError("/u/token") from KeyError("mara@x.example")
    except ValueError as error:
        sentry_sdk.capture_exception(error)
    sentry_sdk.flush()
    assert len([one for one in sent if '"logger"' in one]) >= 2
    for report in sent:
        assert "mara" not in report
        assert "/u/token" not in report


def test_without_a_dsn_nothing_is_set_up():
    sentry_sdk.init()
    error_reports.configure("")
    assert not sentry_sdk.get_client().options["dsn"]
