"""One play: everything that is known of it, its deletion, and bringing it back."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.history import RecentPlay, removal, search
from audiospective.history.catalog import lookup
from audiospective.history.closed import away
from audiospective.history.hot_tail import Key
from audiospective.imports import listens, rounds
from audiospective.models.plays import FROM_IMPORT, FROM_POLL, SENT_LIVE
from audiospective.web.access import person, signed_in
from audiospective.web.context import zone
from audiospective.web.filters import play_key
from audiospective.web.history import query

blueprint = Blueprint("plays", __name__)

UNDO = "deleted play"  # the category under which the key of what was deleted is said


@blueprint.get("/history/plays/<key>")
@signed_in
def page(key: str) -> ResponseReturnValue:
    member, found = person(), _key(key)
    play = search.one(member.id, found)
    if play is None:
        return render_template("history/gone.html", undo=_undoable(member.id, found)), 404
    facts = search.facts(member.id, found)
    return render_template(
        "history/play.html",
        play=play,
        known_of=facts,
        told_by=_told_by(play, facts.get("seen")),
        day=_day(play),
        contexts=query.CONTEXTS,
    )


@blueprint.post("/history/removed")
@signed_in
def remove() -> ResponseReturnValue:
    """Delete one play; it can be brought back for 30 days."""
    member, found = person(), _key(request.form.get("play", ""))
    play = search.one(member.id, found)
    if play is not None and _joined(member.id) and search.one(member.id, found) is None:
        flash("That play was listed twice. It is one play now, and is still in your archive.")
        return redirect(url_for("history.of_period", period=_day(play).isoformat()), 303)
    if play is not None and removal.remove(member.id, [found]):
        flash(play_key(play), UNDO)
        return redirect(url_for("history.of_period", period=_day(play).isoformat()), 303)
    flash("That play is not in your archive any more.")
    return redirect(url_for("history.page"), 303)


@blueprint.get("/history/removed")
@signed_in
def removed() -> ResponseReturnValue:
    """What was deleted and can still be brought back."""
    member = person()
    stones = removal.removed(member.id, clock.now() - removal.UNDO)
    names = lookup.tracks({track for _, track, _ in stones})
    return render_template(
        "history/removed.html",
        stones=[
            (f"{clock.to_ms(played_at)}-{track}", played_at, names[track], at)
            for played_at, track, at in stones
        ],
        undo=removal.UNDO,
    )


@blueprint.post("/history/removed/<key>/restore")
@signed_in
def restore(key: str) -> ResponseReturnValue:
    member, found = person(), _key(key)
    if removal.restore(member.id, [found]):
        flash("The play is back where it was.")
        day = clock.from_ms(found[0]).astimezone(zone()).date()
        return redirect(url_for("history.of_period", period=day.isoformat()), 303)
    flash("That play cannot be brought back any more.")
    return redirect(url_for("plays.removed"), 303)


def _joined(user_id: int) -> int:
    """A play that a player or a file told and a check has just brought too is one: deleting the
    one row must not take the other along."""
    if not rounds.may_be_listed_twice(user_id):
        return 0
    away.end()  # plays are written whole or not at all
    return listens.join(user_id)


def _key(text: str) -> Key:
    found = query.key(text)
    if found is None:
        abort(404)
    return found


def _day(play: RecentPlay) -> date:
    return play.played_at.astimezone(zone()).date()


def _told_by(play: RecentPlay, seen: object) -> str:
    """How we know of a play; `seen` are the bits of what told of it besides checks."""
    bits = seen if isinstance(seen, int) else 0
    by = ["a check"] * bool(play.source & FROM_POLL) + ["a player"] * bool(bits & SENT_LIVE)
    by += ["a file"] * bool(play.source & FROM_IMPORT and bits != SENT_LIVE)
    return f"Told by {' and '.join(by)}"


def _undoable(user_id: int, key: Key) -> bool:
    stones = removal.removed(user_id, clock.now() - removal.UNDO)
    return any((clock.to_ms(at), track) == key for at, track, _ in stones)
