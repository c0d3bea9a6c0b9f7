"""What Spotify's answers mean."""

from datetime import timedelta

import pytest

from audiospective.policy import failures
from audiospective.policy.failures import (
    TRAITS,
    Charged,
    Failure,
    named,
    of_api_answer,
    of_token_answer,
)


@pytest.mark.parametrize(
    ("status", "error", "meaning"),
    [
        (400, "invalid_grant", Failure.AUTH),
        (401, "invalid_grant", Failure.AUTH),
        (400, "invalid_client", Failure.APP),
        (401, "invalid_client", Failure.APP),
        (400, "unauthorized_client", Failure.APP),
        (400, "unsupported_grant_type", Failure.UNKNOWN),
        (400, None, Failure.NETWORK),  # an HTML page with status 400 revokes nobody
        (401, None, Failure.NETWORK),
        (403, None, Failure.NETWORK),
        (429, None, Failure.RATE_LIMIT),
        (429, "invalid_grant", Failure.RATE_LIMIT),
        (500, "invalid_grant", Failure.NETWORK),  # an outage that claims a revocation
        (503, None, Failure.NETWORK),
    ],
)
def test_a_token_answer_is_judged_by_its_error_code_not_by_its_words(status, error, meaning):
    assert of_token_answer(status, error) is meaning


REGISTERED = "Check settings on developer.spotify.com/dashboard, the user may not be registered."


@pytest.mark.parametrize(
    ("status", "message", "reason", "is_json", "meaning"),
    [
        (400, "Invalid limit", None, True, Failure.UNKNOWN),
        (401, "The access token expired", None, True, Failure.AUTH),
        (401, "Invalid access token", None, True, Failure.AUTH),
        (403, "Insufficient client scope", None, True, Failure.AUTH),
        (403, "Forbidden", None, True, Failure.WITHHELD),
        (403, "Forbidden", None, False, Failure.UNKNOWN),
        (403, "User not registered in the Developer Dashboard", None, False, Failure.NOT_ALLOWED),
        (403, REGISTERED, None, False, Failure.NOT_ALLOWED),
        (
            403,
            "The user is not registered for this application.",
            None,
            False,
            Failure.NOT_ALLOWED,
        ),
        (403, "Active premium subscription required for the owner", None, True, Failure.APP),
        (403, "<html>Access denied</html>", None, False, Failure.UNKNOWN),
        (404, "Not found", None, True, Failure.NETWORK),
        (429, "API rate limit exceeded", None, True, Failure.RATE_LIMIT),
        (429, "Too many requests", None, False, Failure.RATE_LIMIT),
        (429, "Too many requests", "QUOTA_EXCEEDED", True, Failure.QUOTA),
        (500, "Server error.", None, True, Failure.NETWORK),
        (502, "Bad gateway.", None, True, Failure.NETWORK),
        (503, "<html>error 401</html>", None, False, Failure.NETWORK),  # 401 in the text only
        (504, "", None, False, Failure.NETWORK),
        (204, "", None, False, Failure.NETWORK),
        (302, "", None, False, Failure.NETWORK),
        (418, "I'm a teapot", None, True, Failure.UNKNOWN),
    ],
)
def test_an_api_answer_is_judged_by_status_first(status, message, reason, is_json, meaning):
    assert of_api_answer(status, message, reason, is_json=is_json) is meaning


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_has_one_row_that_says_all_about_it(failure):
    traits = TRAITS[failure]
    assert traits.label[0].isupper()
    assert traits.tone in ("warn", "bad")
    assert timedelta(0) < traits.pause <= traits.longest <= timedelta(hours=24)
    again = failures.AGAIN if traits.guarded else traits.pause
    assert failures.cooldown(failure, 1) == min(traits.pause, again)
    if traits.charged is Charged.APP:  # then it is nobody's own, and no sign of a mass failure
        assert {traits.guarded, traits.needs_person, traits.transient} == {False}
    assert (traits.tone == "bad") == traits.needs_person
    assert {traits.needs_person, traits.transient} != {True}


def test_labels_tell_failures_apart():
    assert len({traits.label for traits in TRAITS.values()}) == len(Failure)


def test_the_sets_follow_from_the_table():
    assert {Failure.RATE_LIMIT, Failure.QUOTA, Failure.APP} == failures.CHARGED_TO_APP
    assert failures.GUARDED == failures.NEED_PERSON
    assert {Failure.AUTH, Failure.NOT_ALLOWED, Failure.WITHHELD} == failures.NEED_PERSON


@pytest.mark.parametrize(
    ("name", "failure"), [("auth", Failure.AUTH), ("of tomorrow", None), ("", None), (None, None)]
)
def test_a_stored_failure_that_another_release_knew_is_none(name, failure):
    assert named(name) is failure


@pytest.mark.parametrize(
    ("failure", "minutes"),
    [
        (Failure.AUTH, [30, 30, 60, 120, 240, 240]),
        (Failure.NOT_ALLOWED, [30, 240, 480, 960, 1440, 1440]),
        (Failure.WITHHELD, [30, 240, 480, 960, 1440, 1440]),
        (Failure.NETWORK, [10, 20, 40, 60, 60]),
        (Failure.SILENT, [30, 60, 120, 240, 240]),
        (Failure.LOCKED, [10, 20, 20, 20]),
        (Failure.UNKNOWN, [20, 40, 80, 160, 160, 160]),
    ],
)
def test_each_failure_in_a_row_doubles_the_pause_up_to_a_limit_and_a_first_refusal_is_asked_again(
    failure, minutes
):
    pauses = [failures.cooldown(failure, n) for n in range(1, len(minutes) + 1)]
    assert pauses == [timedelta(minutes=each) for each in minutes]


def test_a_thousand_failures_still_end_in_another_try():
    assert failures.cooldown(Failure.UNKNOWN, 1000) == timedelta(minutes=160)


@pytest.mark.parametrize(
    ("unfinished", "alone", "paused"),
    [(0, False, False), (1, False, False), (2, True, False), (3, True, True), (9, True, True)],
)
def test_people_with_whom_workers_die_are_polled_alone_and_then_paused(unfinished, alone, paused):
    assert failures.must_go_alone(unfinished) is alone
    assert failures.must_pause(unfinished) is paused
