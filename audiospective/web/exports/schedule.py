"""The monthly export: whether there is one, where it goes, and trying it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from audiospective import clock
from audiospective.exports import descriptions, schedule
from audiospective.exports.buckets import BucketError
from audiospective.models.export_schedules import BUCKET, EMAIL, ExportSchedule
from audiospective.notices import kind
from audiospective.notices.kinds import scheduled_export_failed
from audiospective.policy import export_schedule, member_buckets
from audiospective.web import throttle, trials
from audiospective.web.access import freshly_signed_in, person, signed_in
from audiospective.web.context import services
from audiospective.web.throttle import Limit

blueprint = Blueprint("export_schedule", __name__)

TRIALS = Limit("bucket trials", 20, 3_600)
RUNS = Limit("exports", 30, 86_400)  # the same as for those asked for by hand
FIELDS = ("endpoint", "region", "bucket", "prefix", "key_id", "secret")
LONGEST = 300


@blueprint.get("/exports/schedule")
@signed_in
def page() -> ResponseReturnValue:
    return _page(schedule.of(person().id), {}, {})


@blueprint.post("/exports/schedule")
@freshly_signed_in
def save() -> ResponseReturnValue:
    """Try the bucket and keep it. A secret that was typed is never shown again, not even here."""
    throttle.enforce(TRIALS, who=f"member {person().id}")
    known = schedule.of(person().id)
    typed = {name: request.form.get(name, "").strip()[:LONGEST] for name in FIELDS}
    typed["prefix"], typed["endpoint"] = typed["prefix"].strip("/"), typed["endpoint"].rstrip("/")
    goes_to = request.form.get("goes_to", "")
    form = descriptions.by_name(request.form.get("form", ""))
    errors = _faults(typed, goes_to, known)
    if form is None:
        errors["form"] = "Choose a format."
    if not errors and form is not None:
        try:
            told = typed if goes_to == BUCKET else None
            with trials.turn() if told else nullcontext():
                schedule.save(services(), person(), form.name, told)
        except BucketError as error:
            errors["endpoint"] = str(error)
    if errors:
        shown = {**typed, "secret": "", "goes_to": goes_to, "form": request.form.get("form", "")}
        return make_response(_page(known, shown, errors), 422)
    flash("Saved. Try it once: make one now." if goes_to == EMAIL else
          "Saved. A small file was put into your bucket, read and deleted again.")  # fmt: skip
    return redirect(url_for("export_schedule.page"), 303)


@blueprint.post("/exports/schedule/now")
@freshly_signed_in
def now() -> ResponseReturnValue:
    """The whole way, at once."""
    throttle.enforce(RUNS, who=f"member {person().id}")
    if schedule.run_now(services(), person()):
        flash("The export is being made. What became of it is shown here once it is there.")
    else:
        flash("An export is being made already. Try again when it is ready.")
    return redirect(url_for("export_schedule.page"), 303)


@blueprint.post("/exports/schedule/stop")
@signed_in
def stop() -> ResponseReturnValue:
    if schedule.stop(person().id):
        flash("Ended. The keys of your bucket are deleted here.")
    return redirect(url_for("export_schedule.page"), 303)


def _faults(typed: Mapping[str, str], goes_to: str, known: ExportSchedule | None) -> dict[str, str]:
    if goes_to == BUCKET:
        same = known is not None and known.goes_to == BUCKET and all(
            typed[name] == getattr(known, name) for name in ("endpoint", "bucket", "key_id")
        )  # fmt: skip
        return member_buckets.faults(typed, secret_known=same)
    if goes_to != EMAIL:
        return {"goes_to": "Choose where it goes."}
    if person().email_verified_at is None:
        return {"goes_to": "For that, prove an e-mail address first."}
    return {}


def _page(row: ExportSchedule | None, typed: dict[str, str], errors: dict[str, str]) -> str:
    kept: dict[str, Any] = {} if row is None else dict(row.__data__)
    values = {"form": "bundle", "goes_to": EMAIL, "region": "us-east-1", **kept, **typed}
    described = descriptions.by_name(row.form) if row else None
    return render_template(
        "exports/schedule.html",
        row=row,
        title=described.title if described else "",
        values=values,
        errors=errors,
        forms=[(one.name, one.title) for one in (descriptions.BUNDLE, *descriptions.FORMATS)],
        tells_by_mail=person().email_verified_at is not None,
        tells_of_failures=kind.address(person(), scheduled_export_failed.KIND.name) is not None,
        given_up=export_schedule.GIVEN_UP,
        now=clock.now(),
    )
