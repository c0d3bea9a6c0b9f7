"""`/ops`: whether anything needs whoever runs the server; sums and numbers, no listening."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from redis import RedisError

from audiospective import clock
from audiospective.incidents import alarms
from audiospective.models.marks import Mark
from audiospective.models.operator_actions import OperatorAction
from audiospective.notices import compose
from audiospective.notices.kinds import operator_alert
from audiospective.operations import watch
from audiospective.operations.overview import (
    apps,
    database_size,
    dead_jobs,
    failing_members,
    imports_and_exports,
    mail,
    members,
    queues,
    renewals,
    seats,
)
from audiospective.policy import ops_windows
from audiospective.policy.failures import TRAITS
from audiospective.policy.ops_windows import WINDOWS, Window
from audiospective.web.access import for_operators, person
from audiospective.web.charts import bars
from audiospective.web.context import services
from audiospective.web.htmx import fragment_of
from audiospective.web.ops import figures, lines, outlook

blueprint = Blueprint("ops", __name__)

ACTIONS = 10  # of operators and deploys that the page shows
LABELS = {
    "active": "active",
    "paused": "paused by themselves",
    "needs_reauth": "need to reconnect",
    "not_allowed": "wait for a seat at Spotify",
    "disconnected": "disconnected",
}


@blueprint.get("/ops")
@for_operators
def page() -> ResponseReturnValue:
    window, now = ops_windows.named(request.args.get("w")), clock.now()
    measured, deploys = _measured(window, now)
    jobs = _jobs()
    return render_template(
        "ops/page.html",
        **_summary(window, now, measured),
        live=request.args.get("live") == "1",
        states=members.states(),
        failing=failing_members.failing(),
        places=seats.look(services()),
        renewals=_renewals(now),
        imports=imports_and_exports.imports(measured.begin),
        exports=imports_and_exports.exports(measured.begin),
        jobs=jobs,
        changes=_changes(deploys),
        room=measured.room,
        ahead=outlook.of(measured.room),
        labels=LABELS,
        traits=TRAITS,
    )


@blueprint.get("/ui/ops/summary")
@for_operators
@fragment_of("ops.page")
def summary() -> ResponseReturnValue:
    window, now = ops_windows.named(request.args.get("w")), clock.now()
    measured, _ = _measured(window, now)
    return render_template("ops/_summary_update.html", **_summary(window, now, measured), live=True)


@blueprint.get("/ops/<any(polls,duration,retries,skipped,calls,queue,mail,storage):name>")
@for_operators
def figure(name: str) -> ResponseReturnValue:
    """The list behind one figure."""
    window, now = ops_windows.named(request.args.get("w")), clock.now()
    measured, _ = _measured(window, now)
    found = next(one for one in figures.every(measured) if one.key == name)
    outcomes = {
        key.removeprefix("polls:"): count
        for key, count in sorted(measured.sums.items())
        if key.startswith("polls:")
    }
    return render_template(
        "ops/figure.html",
        figure=found,
        window=window,
        windows=WINDOWS,
        at=now,
        outcomes=outcomes if name == "polls" else {},
        apps=apps.busiest(services(), measured.begin) if name == "calls" else [],
        queues=measured.queues if name == "queue" else None,
        kinds=sorted(measured.mail.by_kind.items()) if name == "mail" else [],
        room=measured.room if name == "storage" else None,
        ahead=outlook.of(measured.room) if name == "storage" else None,
    )


@blueprint.post("/ops/jobs/<any(retry,discard):action>")
@for_operators
def job(action: str) -> ResponseReturnValue:
    """Put a dead job back into its queue, or away."""
    queue, job_id = request.form.get("queue", ""), request.form.get("job", "")
    act = dead_jobs.retry if action == "retry" else dead_jobs.discard
    try:
        done = act(services(), queue, job_id, person().id)
    except RedisError:
        abort(503)
    if done:
        flash("The job waits for a worker again." if action == "retry" else "The job is discarded.")
    else:
        flash("That job is no longer there.")
    return redirect(url_for("ops.page", _anchor="jobs"), 303)


def _measured(window: Window, now: datetime) -> tuple[figures.Measured, list[tuple[str, datetime]]]:
    begin, steps = figures.counted(window, now)
    deploys = [(mark.name.removeprefix(watch.DEPLOY), mark.at) for mark in Mark.named(watch.DEPLOY)]
    try:
        waiting = queues.look(services())
    except RedisError:
        waiting = None
    measured = figures.Measured(
        window=window,
        begin=begin,
        steps=steps,
        mail=mail.look(begin, window.step),
        queues=waiting,
        room=database_size.look(services()),
        marks=lines.places([at for _, at in deploys], begin, window.length),
    )
    return measured, deploys


def _summary(window: Window, now: datetime, measured: figures.Measured) -> dict[str, Any]:
    found = figures.every(measured)
    lasting = [(_title(one), one) for one in alarms.standing()]
    unset = mail.unset(services().settings)
    return {
        "at": now,
        "window": window,
        "windows": WINDOWS,
        "figures": found,
        "alarms": lasting,
        "queues": measured.queues,
        "missed": sum(one.good is False for one in found),
        "idle": not figures.polls(measured.sums)[1],
        "mail_unset": unset,
        "mail_kept": mail.kept() if unset else 0,
    }


def _title(alarm: alarms.Alarm) -> str:
    if alarm.topic not in operator_alert.TOPICS:  # a newer release has words for it
        return alarm.topic
    return compose.alarm(*_told(alarm), over=False)[0]


def _told(alarm: alarms.Alarm) -> tuple[str, dict[str, Any]]:
    return alarm.topic, {"since": clock.to_ms(alarm.since), "said": alarm.said}


def _jobs() -> list[dead_jobs.DeadJob] | None:
    try:
        return dead_jobs.newest(services())
    except RedisError:
        return None


def _renewals(now: datetime) -> tuple[Any, str]:
    weeks = renewals.renewals(now)
    chart = bars.of([(f"{at.day} {at:%b}", count) for at, count in weeks])
    most = max(weeks, key=lambda one: one[1])
    if not most[1]:
        return chart, "No consent ends within half a year"
    return chart, f"Most consents end in the week of {most[0].day} {most[0]:%B}: {most[1]:,}"


def _changes(deploys: list[tuple[str, datetime]]) -> list[tuple[datetime, str, str]]:
    """(when, what, which) of deploys and of what operators did, newest first."""
    acts = OperatorAction.select().order_by(OperatorAction.at.desc()).limit(ACTIONS)
    found = [(at, "Deploy", name) for name, at in deploys]
    found += [(one.at, f"Operator {one.operator} {one.action}", one.what) for one in acts]
    return sorted(found, reverse=True)[:ACTIONS]
