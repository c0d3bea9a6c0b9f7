"""The settings as one list: what each page holds, and what is chosen there now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from peewee import SQL, fn

from audiospective import clock, history
from audiospective.accounts import (
    preferences,
    sessions,
    spotify_app,
)
from audiospective.exports import forwarding
from audiospective.models import User
from audiospective.models.api_tokens import ApiToken
from audiospective.models.hidden_artists import HiddenArtist
from audiospective.models.shared_links import SharedLink
from audiospective.notices import kind
from audiospective.operations import health
from audiospective.policy import api_scopes, archive_state, in_words
from audiospective.policy.archive_state import ArchiveState
from audiospective.policy.in_words import plural
from audiospective.web.access import person, signed_in
from audiospective.web.context import services, zone_name
from audiospective.web.filters import local
from audiospective.web.settings import counting, profile
from audiospective.web.settings.sections import GROUPS, Section, sections

blueprint = Blueprint("settings", __name__)

SILENT = {  # why a warning would not arrive
    health.NO_ADDRESS: "no address to write to",
    health.NOT_PROVEN: "your address is not confirmed",
    health.SWITCHED_OFF: "our warnings are switched off",
    health.NO_MAIL: "this server cannot send e-mails",
}


@dataclass(frozen=True)
class Line:
    """One page of the settings; `now` is what is chosen there, `loud` asks to be seen."""

    section: Section
    now: str
    loud: bool = False


@dataclass(frozen=True)
class Counts:
    """Hidden artists, shared links and tokens that are in force; when the first token ends."""

    hidden: int
    links: int
    tokens: int
    first_end: datetime | None

    def token_ends_soon(self) -> bool:
        return self.first_end is not None and api_scopes.ends_soon(self.first_end, clock.now())


@blueprint.get("/settings")
@signed_in
def page() -> ResponseReturnValue:
    member = person()
    state = health.state(services(), member.id)
    counts = _counts(member.id)
    now = _now(member, state, counts)
    loud = {"/settings/connection"} if archive_state.renews_soon(state, clock.now()) else set()
    if state.silent:
        loud.add("/settings/emails")
    if counts.token_ends_soon():
        loud.add("/settings/api")
    if state.deletion_at:
        loud.add("/settings/delete")
    lines = [Line(one, now.get(one.path, ""), one.path in loud) for one in sections()]
    return render_template("settings/page.html", lines=_grouped(lines))


def _grouped(lines: list[Line]) -> list[tuple[str, list[Line]]]:
    """Lines under what they are about, in their order."""
    found: dict[str, list[Line]] = {}
    group = ""
    for line in lines:
        group = GROUPS.get(line.section.path, group)
        found.setdefault(group, []).append(line)
    return list(found.items())


def _now(member: User, state: ArchiveState, counts: Counts) -> dict[str, str]:
    """What is chosen on each page, in a few words."""
    chosen = preferences.of(member)
    kinds = kind.optional(member, figures=services().settings.derived_stats)
    off = kind.switched_off(member)
    on = sum(one.name not in off for one in kinds)
    hidden, links = counts.hidden, counts.links
    onward = forwarding.of(member.id)
    own = spotify_app.own_app(member)
    spotify = state.title
    if state.expired:
        spotify += "; access expired"
    elif state.renew_by:
        spotify += f"; access until {local(state.renew_by, 'date')}"
    return {
        "/settings/profile": f"{zone_name().replace('_', ' ')}, weeks begin on "
        f"{profile.WEEKDAYS[chosen.week_start]}, {profile.THEMES[chosen.theme].lower()}",
        "/settings/counting": counting.words(chosen),
        "/settings/emails": SILENT.get(
            state.silent or "", f"{on} of {plural(len(kinds), 'kind')} switched on"
        ),
        "/settings/address": (member.email or "none") if member.email_verified_at else "none yet",
        "/settings/connection": spotify,
        "/settings/spotify-app": "none"
        if own is None
        else "in use"
        if spotify_app.is_used(own)
        else "ready, but not connected through it",
        "/settings/recordings": "tracks that count as one",
        "/settings/hidden": plural(hidden, "artist") if hidden else "none",
        "/settings/shares": plural(links, "link") if links else "none",
        "/settings/api": _tokens(counts),
        "/settings/forwarding": "off" if onward is None else f"to {onward.root}",
        "/settings/sessions": plural(len(sessions.of(member)), "browser"),
        "/settings/data": f"{plural(state.plays, 'play')}, "
        f"about {in_words.size(history.footprint(member.id))}",
        "/settings/delete": f"to be deleted on {local(state.deletion_at, 'date')}"
        if state.deletion_at
        else "with everything in it",
    }


def _tokens(counts: Counts) -> str:
    """Tokens, and when the first of them ends, once that is near."""
    said = plural(counts.tokens, "token") if counts.tokens else "none"
    if counts.first_end is None or not counts.token_ends_soon():
        return said
    which = "it" if counts.tokens == 1 else "one"
    return f"{said}; {which} ends on {local(counts.first_end, 'date')}"


def _counts(user_id: int) -> Counts:
    """What is in force of a member; one query."""
    now, many = clock.now(), fn.COUNT(SQL("1"))
    living = (ApiToken.user == user_id) & (ApiToken.expires_at > now)
    found = User.select(
        HiddenArtist.select(many).where(HiddenArtist.user == user_id),
        SharedLink.select(many).where((SharedLink.user == user_id) & (SharedLink.expires_at > now)),
        ApiToken.select(many).where(living),
        ApiToken.select(fn.MIN(ApiToken.expires_at).coerce(False)).where(living),
    ).where(User.id == user_id)
    hidden, links, tokens, first_end = found.tuples().get()
    return Counts(hidden, links, tokens, first_end and clock.from_ms(int(first_end)))
