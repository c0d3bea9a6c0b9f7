"""More plays than Spotify remembers came between two polls of a member: once a week at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from audiospective import clock
from audiospective.models import User
from audiospective.models.gaps import Gap
from audiospective.models.notices import Notice
from audiospective.notices import kind, members
from audiospective.notices.kind import Audience, Candidate, Choice, Draft, Kind
from audiospective.policy.gaps import Cause
from audiospective.services import Services

NEWS = timedelta(days=1)


def due(services: Services) -> Iterator[Candidate]:
    """Gaps of one person's own making: more plays than a page holds. Outages mail nobody."""
    fresh = (
        (Gap.opened_at > clock.now() - NEWS)
        & Gap.closed_at.is_null()
        & Gap.cause.in_((Cause.OVERFLOW.value, Cause.LATE.value))
        & (Gap.probably_from < Gap.ended_at)
    )
    gaps = list(Gap.select(Gap, User).join(User).where(fresh).order_by(Gap.opened_at))
    if not gaps:
        return
    known = members.owed(KIND.name, Gap.select(Gap.user).where(fresh))
    for gap in gaps:
        if (gap.user_id, _key(gap)) not in known:
            yield Candidate(gap.user_id, partial(_draft, services, gap))


def _draft(services: Services, gap: Gap) -> Draft | None:
    recipient = kind.address(gap.user, KIND.name)
    if recipient is None:
        return None
    return Draft(
        recipient=recipient,
        dedupe_key=_key(gap),
        user_id=gap.user_id,
        data=members.facts(services, gap.user)
        | {"start": clock.to_ms(gap.begins_at), "end": clock.to_ms(gap.ended_at)}
        | {"cause": gap.cause},
    )


def _key(gap: Gap) -> str:
    year, week, _ = gap.opened_at.isocalendar()
    return f"{year}-W{week}"


def still_true(notice: Notice, data: Mapping[str, Any]) -> bool:
    """Whether it is open: an import may have closed it while the mail service took nothing."""
    mine = (Gap.user == notice.owner) & (Gap.ended_at == clock.from_ms(int(data["end"])))
    return bool(Gap.select().where(mine & Gap.closed_at.is_null()).exists())


KIND = Kind(
    name="gap_found",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="e-mails about plays that may be missing",
    warning=False,
    choice=Choice.GAPS,
    due=due,
    still_true=still_true,
)
