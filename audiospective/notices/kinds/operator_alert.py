"""Something needs whoever runs this server, or the app; when it is over, that is told as well.

One module although it is long: all of one kind of e-mail stands together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from audiospective import clock
from audiospective.incidents import alarms, incident, lasting_refusals, mass_failure, outage
from audiospective.models import Connection, SpotifyApp, User
from audiospective.models.connections import NOT_ALLOWED
from audiospective.models.marks import Mark
from audiospective.models.notices import OBSOLETE, TOLD, Notice
from audiospective.notices import kind, members, outbox, webhooks
from audiospective.notices.kind import Audience, Candidate, Draft, Kind
from audiospective.policy import escalation
from audiospective.policy.failures import Failure
from audiospective.services import Services

OVER = 99  # the step at which the end is told
REMEMBERED = timedelta(days=90)  # alerts whose end is still worth an e-mail


@dataclass(frozen=True)
class Topic:
    """`lasts`: it is told again, at most three times in all, and once more when it is over.

    Webhooks are told once that it began, and once that it is over.
    """

    lasts: bool


# All that operators are told. The runbook has a heading for each, and a test that makes it happen.
TOPICS = {
    "guard": Topic(lasts=True),
    "outage": Topic(lasts=True),
    "frozen": Topic(lasts=True),
    "app_refused": Topic(lasts=True),
    "not_allowed": Topic(lasts=False),
    "storage": Topic(lasts=False),
    "segment_damaged": Topic(lasts=False),
    "catalog_damaged": Topic(lasts=True),
    "no_polls": Topic(lasts=True),
    "mail_refused": Topic(lasts=True),
    "mail_waits": Topic(lasts=True),
    "disk_low": Topic(lasts=True),
    "storage_away": Topic(lasts=True),
    "redis_away": Topic(lasts=True),
    "queue_old": Topic(lasts=True),
    "import_waits": Topic(lasts=True),
    "backup": Topic(lasts=True),
    "timetable": Topic(lasts=True),
    "settings_differ": Topic(lasts=True),
}


class NewerTopicError(Exception):
    """Another release owes this e-mail, and this one has no words for it: it waits for that one."""


@dataclass(frozen=True)
class Trouble:
    """What operators, or the owner of an app, should know; `mark` stands as long as it lasts."""

    topic: str
    dedupe_key: str  # "<topic>.<app>...<since>", as `_over` reads it
    facts: Mapping[str, Any]
    owner: int | None = None
    mark: str | None = None
    is_calm: bool = False  # it may be over, which the next looks tell: no e-mail says that it lasts


def tell(services: Services, topic: str, dedupe_key: str, facts: Mapping[str, Any]) -> int:
    """Tell every operator and webhook once per `dedupe_key`; returns the e-mails owed by it.

    `facts` has "since" (milliseconds) and "said", one line; the topic is one of TOPICS.
    """
    known = {(one.user_id, one.dedupe_key) for one in _before(clock.EPOCH, dedupe_key)}
    webhooks.put(services, topic, dedupe_key, facts, webhooks.BEGUN)
    owed = 0
    for user in _operators():
        recipient = kind.address(user, KIND.name)
        if recipient is not None and (user.id, dedupe_key) not in known:
            data = _data(services, user, topic, facts)
            draft = Draft(recipient=recipient, dedupe_key=dedupe_key, user_id=user.id, data=data)
            owed += outbox.put(services, KIND, draft)
    return owed


def due(services: Services) -> Iterator[Candidate]:
    """What stands at present, and what was told and is over."""
    before: dict[tuple[int, str], list[Notice]] = defaultdict(list)
    for notice in _before(clock.now() - REMEMBERED):
        before[notice.user_id, notice.dedupe_key].append(notice)
    operators = _operators()
    owners = {user.id: user for user in User.select().join(SpotifyApp)}
    troubles = list(_troubles(services))
    for trouble in troubles:
        of_app = (
            [owners[trouble.owner]] if trouble.owner in owners else []
        )  # it may have come since
        whom = operators if trouble.owner is None else of_app
        for user in whom:
            told = before.get((user.id, trouble.dedupe_key), [])
            yield Candidate(user.id, partial(_draft, services, user, trouble, told))
    present = {trouble.dedupe_key for trouble in troubles}
    for (user_id, key), told in before.items():
        if key not in present and any(one.status in TOLD for one in told):
            yield Candidate(user_id, partial(_over, services, user_id, key, told))


def owe_webhooks(services: Services) -> None:
    """Owe webhooks what stands at present, and the end of what was told and is over."""
    told, present = webhooks.told(), set()
    for trouble in _troubles(services):
        present.add(trouble.dedupe_key)
        if trouble.owner is None:  # whose app it is hears of it by e-mail
            webhooks.put(services, trouble.topic, trouble.dedupe_key, trouble.facts, webhooks.BEGUN)
    for key, calls in told.items():
        known = TOPICS.get(calls[0].topic)
        if key not in present and known is not None and known.lasts:
            webhooks.end(services, calls)


def _draft(services: Services, user: User, trouble: Trouble, told: list[Notice]) -> Draft | None:
    if trouble.is_calm:
        return None
    recipient = kind.address(user, KIND.name)
    step = escalation.due(len(told), members.told_at(told), clock.now())
    if recipient is None or step is None or (step and not TOPICS[trouble.topic].lasts):
        return None
    return Draft(
        recipient=recipient,
        dedupe_key=trouble.dedupe_key,
        step=step,
        user_id=user.id,
        data=_data(services, user, trouble.topic, trouble.facts) | {"mark": trouble.mark},
    )


def _over(services: Services, user_id: int, key: str, told: list[Notice]) -> Draft | None:
    topic, _, rest = key.partition(".")
    subject, _, since = rest.rpartition(".")
    known = TOPICS.get(topic)
    if known is None or not known.lasts or any(one.step == OVER for one in told):
        return None
    if not since.isdigit() or int(since) < clock.to_ms(told[0].created_at - REMEMBERED):
        return None  # written by a release that did not tell the end
    user = User.get_by_id(user_id)
    recipient = kind.address(user, KIND.name)
    if recipient is None:
        return None
    app = subject.partition(".")[0]
    began = min(int(since), clock.to_ms(clock.now()))  # noted by a clock that was ahead, if later
    facts = {"since": began} | ({"app": app} if app else {})
    return Draft(
        recipient=recipient,
        dedupe_key=key,
        step=OVER,
        user_id=user_id,
        data=_data(services, user, topic, facts) | {"over": True},
    )


def _troubles(services: Services) -> Iterator[Trouble]:
    """What stands at present."""
    owner = dict(SpotifyApp.select(SpotifyApp.id, SpotifyApp.owner).tuples())
    in_force, lasting = mass_failure.active(), lasting_refusals.active()
    refused, outages = outage.refused_apps(), list(outage.active().values())
    for guard in (*in_force, *lasting):
        facts = _about(guard.app_id, guard.since) | {"failure": guard.failure.value}
        key = f"guard.{guard.app_id}.{guard.failure.value}.{clock.to_ms(guard.since)}"
        yield Trouble("guard", key, facts, mark=guard.mark)
    # What explains an outage was told already, and whose app it is hears of it as a member.
    explained = {one.app_id for one in in_force} | {one.app_id for one in refused}
    explained |= {found.app_id for found in outages if any(map(found.is_of, lasting))}
    for found in outages:
        unexplained = found.app_id not in explained and owner.get(found.app_id) is None
        if unexplained and found.is_told(clock.now()):
            facts = _about(found.app_id, found.since) | {"late": found.late, "of": found.people}
            key = f"outage.{found.app_id}.{clock.to_ms(found.noted_at)}"
            yield Trouble("outage", key, facts, mark=found.mark)
    for topic, standstills in (("frozen", outage.frozen()), ("app_refused", refused)):
        for one in standstills:
            facts = _about(one.app_id, one.since)
            whose = owner.get(one.app_id) if topic == "app_refused" else None
            if whose is not None:
                facts["own"] = True
            key = f"{topic}.{one.app_id}.{clock.to_ms(one.since)}"
            yield Trouble(topic, key, facts, whose, one.mark)
    for alarm in alarms.standing():
        if alarm.topic not in TOPICS:  # of a newer release, which tells it and its end
            continue
        told = {"since": clock.to_ms(alarm.since), "said": alarm.said}
        key = f"{alarm.topic}.{clock.to_ms(alarm.noted_at)}"
        yield Trouble(alarm.topic, key, told, mark=alarm.mark, is_calm=alarm.is_calm)
    many_unlisted = (one for one in lasting if one.failure is Failure.NOT_ALLOWED)
    yield from _unlisted(services, {one.app_id for one in (*in_force, *many_unlisted)})


def _unlisted(services: Services, guarded: set[int]) -> Iterator[Trouble]:
    """Whoever is missing on their app's list: the operator is the one who can add them.

    Who brought an app is its operator, and was told as the person it hits.
    """
    people = members.connections((Connection.status == NOT_ALLOWED) & SpotifyApp.owner.is_null())
    if not people:
        return
    evidence = mass_failure.evidence(timedelta(minutes=services.settings.poll_max_minutes))
    for one in people:
        if one.app_id not in guarded and evidence.is_own(one, Failure.NOT_ALLOWED):
            since = incident.last_known(one)
            facts = _about(one.app_id, since) | {"user": one.user_id}
            yield Trouble("not_allowed", f"not_allowed.{one.user_id}.{incident.key(one)}", facts)


def still_true(notice: Notice, data: Mapping[str, Any]) -> bool:
    """Whether it lasts, where that is known; raises NewerTopicError for a day."""
    mark = data.get("mark")
    if mark is not None and Mark.at_of(str(mark)) is None:
        return False
    if data["topic"] in TOPICS:
        return True
    if clock.now() - notice.created_at > alarms.UNSEEN:
        return False
    raise NewerTopicError(data["topic"])


def _before(since: datetime, dedupe_key: str | None = None) -> list[Notice]:
    query = Notice.select().where(
        (Notice.kind == KIND.name)
        & Notice.user.is_null(False)
        & (Notice.status != OBSOLETE)
        & (Notice.created_at >= since)
    )
    if dedupe_key is not None:
        query = query.where(Notice.dedupe_key == dedupe_key)
    return list(query.order_by(Notice.step))


def _operators() -> list[User]:
    return list(User.select().where(User.is_operator).order_by(User.id))


def _about(app_id: int, since: datetime) -> dict[str, Any]:
    return {"app": app_id, "since": clock.to_ms(min(since, clock.now()))}


def _data(services: Services, user: User, topic: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    return members.facts(services, user) | {"topic": topic, "facts": dict(facts), "over": False}


KIND = Kind(
    name="operator_alert",
    audience=Audience.MEMBER,
    security=False,
    awaited=False,
    opt_out="alerts about this server",
    warning=False,
    choice=None,
    due=due,
    still_true=still_true,
)
