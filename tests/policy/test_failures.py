"""What Spotify's answers mean."""

import pytest

from audiospective.policy.failures import Failure, of_api_answer, of_token_answer


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
