"""A member's data: how much there is, how it comes in and goes out, how long things are kept."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from audiospective import history
from audiospective.accounts import welcome
from audiospective.models import Import, RemovedPlay
from audiospective.models.exports import Export
from audiospective.operations import purge
from audiospective.policy import in_words
from audiospective.web.access import person, signed_in
from audiospective.web.settings.sections import address

blueprint = Blueprint("data", __name__)


@blueprint.get("/settings/data")
@signed_in
def page() -> ResponseReturnValue:
    member = person()
    return render_template(
        "settings/data.html",
        plays=history.total(member.id),
        oldest=welcome.oldest(member),
        size=in_words.size(history.footprint(member.id)),
        imports=Import.select().where((Import.user == member.id) & ~Import.live).count(),
        exports_ready=Export.to_fetch(member.id),
        removed=RemovedPlay.select().where(RemovedPlay.user == member.id).count(),
        kept={
            "checks": purge.POLLS.days,
            "failed_checks": purge.FAILED_POLLS.days,
            "emails": purge.NOTICES.days,
        },
        delete=address("/settings/delete"),
    )
