"""Recordings: which tracks count as one, by themselves or as the member decides."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective.history import recording_suggestions, recordings
from audiospective.history.catalog import frames, lookup
from audiospective.policy import recordings as rule
from audiospective.web.access import person, signed_in
from audiospective.web.local_redirect import local_path

blueprint = Blueprint("recordings", __name__)

SHOWN = 25  # suggestions, and groups, at once
OTHERS = 300  # tracks of an artist to choose from
GREATEST = 2**31 - 1  # ids of the catalog


@blueprint.get("/settings/recordings")
@signed_in
def page() -> ResponseReturnValue:
    member = person()
    same = recordings.of(member.id)
    decided = recordings.choices(member.id)
    suggested = recording_suggestions.suggestions(member.id)
    by_hand = {choice.track for choice in decided if choice.together}
    groups = [group for group in rule.classes(same.of).values() if not by_hand & set(group)]
    first = _number(request.args.get("from"))
    shown = groups[first : first + SHOWN]
    wanted = {one for choice in decided for one in (choice.track, choice.other)}
    wanted |= {one for pair in suggested[:SHOWN] for one in (pair.track, pair.other)}
    wanted |= {one for group in shown for one in group}
    return render_template(
        "settings/recordings.html",
        merged=[choice for choice in decided if choice.together],
        apart=[choice for choice in decided if not choice.together],
        suggested=suggested[:SHOWN],
        more=max(0, len(suggested) - SHOWN),
        groups=shown,
        total=len(groups),
        first=first,
        following=first + SHOWN if first + SHOWN < len(groups) else None,
        names=lookup.tracks(wanted),
    )


@blueprint.get("/settings/recordings/tracks/<int:number>")
@signed_in
def track(number: int) -> ResponseReturnValue:
    """One recording: its ids, each to be set apart, and what else it may be counted as."""
    member = person()
    same = recordings.of(member.id)
    if number > GREATEST or not (same.heard == number).any():
        return render_template("music/nowhere.html", kind="track"), 404
    head = same.head(number)
    every = same.tracks(head)
    artist = frames.of(same.heard.filter(same.heard == head))["artist"].to_list()
    who = artist[0] if artist and artist[0] is not None else -1
    of_artist = frames.tracks_of("artist", who, same.heard)
    others = sorted({same.head(one) for one in of_artist} - {head})[:OTHERS]
    names = lookup.tracks([*every, *others])
    return render_template(
        "settings/recording.html",
        head=names[head],
        ids=[names[one] for one in every],
        others=sorted((names[one] for one in others), key=lambda one: one.title.casefold()),
        decided=[choice for choice in recordings.choices(member.id)
                 if {choice.track, choice.other} & set(every)],
        names=names,
    )  # fmt: skip


@blueprint.post("/settings/recordings/merges")
@signed_in
def merge() -> ResponseReturnValue:
    track, other = _pair()
    done = recordings.merge(person().id, track, other)
    return _back("They count as one recording now." if done else None)


@blueprint.post("/settings/recordings/apart")
@signed_in
def set_apart() -> ResponseReturnValue:
    track, other = _pair()
    done = recordings.set_apart(person().id, track, other)
    return _back("They count as two recordings." if done else None)


@blueprint.post("/settings/recordings/undone")
@signed_in
def undo() -> ResponseReturnValue:
    """Take a decision back: what is one by itself is one again, everything else stands alone."""
    track, other = _pair()
    done = recordings.undo(person().id, track, other)
    return _back("That is undone." if done else None)


def _pair() -> tuple[int, int]:
    return _number(request.form.get("track")), _number(request.form.get("other"))


def _number(text: str | None) -> int:
    known = text or ""
    return int(known) if known.isascii() and known.isdigit() and len(known) < 10 else 0


def _back(said: str | None) -> ResponseReturnValue:
    flash(said or "One of these tracks is not in your archive.")
    return redirect(local_path(request.form.get("next"), url_for("recordings.page")), 303)
