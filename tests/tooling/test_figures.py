"""Figures that the documentation states are those of the code."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audiospective.accounts import attachment, deletion, former_address, sign_in_link
from audiospective.exports import export_job, forwarding_requests, forwarding_round
from audiospective.notices import webhooks
from audiospective.operations import watch
from audiospective.policy import (
    alarms,
    api_scopes,
    call_quota,
    closed_years,
    escalation,
    export_rules,
    export_schedule,
    failures,
    founding,
    import_spans,
    listens,
    mass_failure,
    renewal,
    sealing,
    sessions,
    storage,
)
from audiospective.policy import import_limits as limits
from audiospective.web import server
from audiospective.web.accounts import flows, sign_in
from audiospective.web.api import figures, listenbrainz, plays, tokens
from audiospective.web.api import listens as reading
from audiospective.web.imports import sending
from tests.tooling.test_docs import ROOT

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GB = 1 << 30
# Page, what it says, what the code has, and what that would have to be.
SAID = [
    ("accounts", "at most six at a time, for 30 minutes", (flows.AT_MOST, flows.LIFETIME),
     (6, 30 * MINUTE)),
    ("accounts", "a link that works once, for 30 minutes", sign_in_link.GOOD_FOR, 30 * MINUTE),
    ("accounts", "at most three good sign-in links at a time", sign_in_link.AT_MOST, 3),
    ("accounts", "good for ten minutes yet", sign_in_link.STILL_GOOD, 10 * MINUTE),
    ("accounts", "After twelve in a day", (sign_in.TO_ONE.count, sign_in.TO_ONE.seconds),
     (12, 86_400)),
    ("accounts", "twelve more that day", (sign_in.TO_NONE.count, sign_in.TO_NONE.seconds),
     (12, 86_400)),
    ("accounts", "within the last 15 minutes", sessions.FRESH, 15 * MINUTE),
    ("accounts", "takes the account away again for 30 days", attachment.UNDO_WITHIN, 30 * DAY),
    ("accounts", "take the archive back for 14 days", former_address.RESTORE_WITHIN, 14 * DAY),
    ("accounts", "30 days of absence and after 90 days", (sessions.IDLE, sessions.LONGEST),
     (30 * DAY, 90 * DAY)),
    ("accounts", "*In seven days*", deletion.WAITS, 7 * DAY),
    ("accounts", "held for invitations (7 days)", founding.PLACE_HELD, 7 * DAY),
    ("accounts", "confirmed an address (90 days)", founding.RESERVED, 90 * DAY),
    ("api", "300 requests in five minutes", (tokens.READS.count, tokens.READS.seconds),
     (300, 300)),
    ("api", "600 requests in five minutes",
     (listenbrainz.SENT.count, listenbrainz.SENT.seconds), (600, 300)),
    ("api", "60,000 listens an hour",
     listenbrainz.PORTIONS.count * listenbrainz.PORTION, 60_000),
    ("api", "1 to 1,000, usually 100", (plays.MOST, plays.USUAL), (1_000, 100)),
    ("api", "1 to 500, usually 50", (figures.MOST, figures.USUAL), (500, 50)),
    ("api", "usually 25, at most 1,000", (reading.USUAL, reading.MOST), (25, 1_000)),
    ("api", "100 such pages in five minutes", (reading.READ.count, reading.READ.seconds),
     (100, 300)),
    ("api", "1,000 listens of 10,240 bytes each", listens.LONGEST, 10_240),
    ("api", "two weeks before that day the settings ask", api_scopes.ENDS_SOON, 14 * DAY),
    ("api", "up to 500 a round", forwarding_round.PAST, 500),
    ("api", "1,000 new plays of each, 100 a request",
     (forwarding_round.BATCHES, forwarding_requests.BATCH), (10, 100)),
    ("api", "more than fifty in a row", forwarding_requests.REFUSALS, 50),
    ("api", "one of up to five in a row", forwarding_requests.DOUBTFUL, 5),
    ("api", "unless it answered twenty requests", forwarding_requests.MANY, 20),
    ("archive-format", "more than 200, a job moves all but 100", (sealing.TRIGGER, sealing.KEEP),
     (200, 100)),
    ("exports", "under `exports/MEMBER/`, for seven days", export_rules.KEPT, 7 * DAY),
    ("exports", "ends after ten minutes", export_rules.LINK, 10 * MINUTE),
    ("exports", "works for a minute", export_rules.HAND_OVER, MINUTE),
    ("exports", "a bundle of more than 250,000 plays", export_job.ALONE, 250_000),
    ("exports", "after three failed tries", export_rules.ATTEMPTS, 3),
    ("exports", "tried three times, an hour apart", (export_schedule.TRIES, export_schedule.PAUSE),
     (3, HOUR)),
    ("exports", "After three exports in a row", export_schedule.GIVEN_UP, 3),
    ("importing", "each other within two weeks", import_spans.COMPLETE, 14 * DAY),
    ("importing", "scrobbler within two days", import_spans.OTHERS, 2 * DAY),
    ("importing", "60 files, 1 GB each and 2 GB together",
     (limits.FILES, limits.FILE_BYTES, limits.IMPORT_BYTES), (60, GB, 2 * GB)),
    ("importing", "3,000,000 rows, 400,000 tracks", (limits.MOST_ROWS, limits.MOST_TRACKS),
     (3_000_000, 400_000)),
    ("importing", "3 imports under way, 20 begun a day, 256 MB",
     (limits.OPEN_IMPORTS, sending.A_DAY.count, limits.KEPT_BYTES), (3, 20, 256 << 20)),
    ("importing", "7 days, then it is cancelled; 1 day",
     (limits.PATIENCE, limits.UPLOAD_PATIENCE), (7 * DAY, DAY)),
    ("importing", "30 minutes and 3 GB of memory; 3 workers",
     (limits.READ_SECONDS, limits.MEMORY_BYTES, limits.ATTEMPTS), (1_800, 3 * GB, 3)),
    ("operations", "has 20 seconds to come", server.REQUEST_SECONDS, 20),
    ("operations", "of an answer for 30 seconds", server.SEND_SECONDS, 30),
    ("operations", "14 days after the end of a year", closed_years.OVER, 14 * DAY),
    ("operations", "nothing was written to it for a week", closed_years.AT_REST, 7 * DAY),
    ("operations", "refers to any more stay for 30 days", closed_years.KEPT, 30 * DAY),
    ("operations", "polls are due (15 minutes)", alarms.PATIENCE, 15 * MINUTE),
    ("operations", "waited for more than ten minutes", alarms.QUEUE_AGE, 10 * MINUTE),
    ("operations", "for five minutes, or `tick` for thirty",
     (alarms.PULSE["scheduler"], alarms.PULSE["tick"]), (5 * MINUTE, 30 * MINUTE)),
    ("operations", "older than 36 hours", alarms.BACKUP_AGE, 36 * HOUR),
    ("operations", "nobody has looked for five minutes", watch.UNWATCHED, 5 * MINUTE),
    ("operations", "tried again for a day, and one address gets at most 50 messages a day",
     (webhooks.GIVEN_UP, webhooks.A_DAY), (DAY, 50)),
    ("operations", "more than five and more than a tenth",
     (mass_failure.FEW, mass_failure.SHARE), (5, 0.1)),
    ("operations", "asked again after half an hour", failures.AGAIN, 30 * MINUTE),
    ("operations", "At 50, 80 and 95 %", storage.WARN_AT, (50, 80, 95)),
    ("scaling", "`200 x 5` calls a day", call_quota.CALLS_PER_SEAT, 200),
    ("../README", "at most three e-mails about one matter",
     (escalation.STEPS, len(renewal.STEPS)), (3, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("page", "said", "has", "means"), SAID, ids=[row[1] for row in SAID])
def test_a_figure_that_is_stated_is_that_of_the_code(
    page: str, said: str, has: object, means: object
) -> None:
    assert said in " ".join((ROOT / "docs" / f"{page}.md").read_text().split())
    assert has == means
