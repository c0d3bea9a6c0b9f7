"""The mass-failure guard: what happens to everybody at once is nobody's own fault.

Spotify has answered `invalid_grant` to all users of an app before; whoever believed it deleted
good tokens and wrote to people who could do nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
MINUTES = timedelta(minutes=10)  # the window of the quick rule
FEW = 5
SHARE = 0.10
# A consent this close to its end may be expected to end; a founding day's worth of them ends
# together and must not look like an accident.
EXPECTED_TO_END = timedelta(days=3)
# Before an e-mail says "reconnect", the guard gets this long to see what happens to the others, and
# whoever is told was refused again: a short outage may meet a few while nobody else is polled.
SECOND_THOUGHTS = timedelta(minutes=10)
PAUSE = timedelta(hours=2)  # where nobody else can be compared with, a refusal must outlast this
RECHECK = timedelta(minutes=30)  # polls of people whom a guard spares
# Whoever is refused for longer, while others of the app are served, is so for a reason of their
# own: else some would hold a guard up for ever, and never be told. Many of them are told in turns,
# as many within this time as are tolerable, for it may be an outage of a part of the app.
LASTING = timedelta(days=1)


def window(longest_poll: timedelta) -> timedelta:
    """For how long refusals are compared; everybody is polled at least once in it."""
    return max(WINDOW, 2 * longest_poll)


def tolerable(people: int) -> int:
    """How many of an app's `people` may be refused at about the same time for their own reasons."""
    return max(FEW, int(SHARE * people))


def tripped(refused: int, people: int) -> bool:
    """Whether `refused` people of an app's `people`, within WINDOW, are a mass failure."""
    return refused > tolerable(people)


def tripped_at_once(refused: int, polled: int) -> bool:
    """The same, seen sooner: of those `polled` within minutes, more than a few and at least half.

    Polls are spread over the hour, so a tenth of a large app takes minutes to add up.
    """
    return refused > FEW and 2 * refused >= polled


def everybody(refused: int, served: int) -> bool:
    """Whether everyone polled lately was refused, on an app of any size above one.

    `served`: people with a success since two of them were refused, or within MINUTES.
    """
    return refused > 1 and served == 0


def refused_once(first: datetime | None, latest: datetime | None) -> bool:
    """Whether somebody was refused, and has not been asked again since.

    `first` and `latest` as `believable` has them.
    """
    return first is not None and (latest is None or latest - first < SECOND_THOUGHTS)


def believable(
    first: datetime | None,
    latest: datetime | None,
    served: datetime | None,
    pause: timedelta,
) -> bool:
    """Whether a refusal may be taken for the person's own, and written to them about.

    `first` and `latest` are this person's refusals of one incident, `served` the latest success of
    anybody of the same app. Believed is what was refused again although somebody else was served
    since, and what is still so after `pause`. Without a `first` it stands since days.
    """
    if first is None:
        return True
    if latest is None or refused_once(first, latest):
        return False
    return latest - first >= pause or (served is not None and served >= first)


def ends_anyway(reauth_due_at: datetime, now: datetime) -> bool:
    """Whether this consent's six months are over or nearly so; it does not count then."""
    return reauth_due_at - now <= EXPECTED_TO_END
