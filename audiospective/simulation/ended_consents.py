"""Consents whose six months are over: who had one was told before, and has to be told after."""

from __future__ import annotations

from collections.abc import Iterator

from audiospective import clock
from audiospective.models.notices import SENT, Notice
from audiospective.simulation import members
from audiospective.simulation.instance import Instance
from audiospective.simulation.members import Member
from audiospective.simulation.timeline import DAY

SHORTEST = 180 * DAY  # of six calendar months
AHEAD = 31 * DAY  # in which three e-mails ask to renew


def noticed(instance: Instance, member: Member) -> Iterator[str]:
    """Take in that the member's consent has ended; what is wrong if nobody told them before."""
    now = instance.timeline.ms
    if member.refused_since is not None or now - member.consented_at < SHORTEST:
        return
    grant = members.stored_grant(instance, member)
    if grant is None or now < grant.ends_ms():
        return
    member.refused_since = grant.ends_ms()
    told = Notice.select().where(
        (Notice.user == member.user_id)
        & (Notice.kind == "renewal")
        & (Notice.status == SENT)
        & (Notice.created_at > clock.from_ms(grant.ends_ms() - AHEAD))
    )
    if not member.stopped and not told.exists():
        yield f"member {member.user_id}: the consent ended, and no e-mail said so before"
