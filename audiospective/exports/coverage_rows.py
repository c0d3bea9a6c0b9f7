"""What was known to be complete at one moment: stretches and gaps, as rows hold them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audiospective import clock
from audiospective.models import Connection
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True)
class CoverageRows:
    """Instants in ms; `stretches` are (from, to), `gaps` the columns of Gap, both oldest first."""

    stretches: list[list[int]]
    gaps: list[dict[str, Any]]

    def as_stretches(self) -> list[Stretch]:
        return [(clock.from_ms(start), clock.from_ms(end)) for start, end in self.stretches]

    def as_gaps(self) -> list[Gap]:
        fields = Gap._meta.fields
        return [
            Gap(**{name: fields[name].python_value(value) for name, value in one.items()})
            for one in self.gaps
        ]


def read(user_id: int) -> CoverageRows:
    """The rows of a member now; the stretch that grows ends with the last check that succeeded."""
    # First: whoever reads them again sees that one was opened since, whatever it cut below.
    gaps = list(Gap.select().where(Gap.user == user_id).order_by(Gap.started_at))
    # Before the stretches: a check in between makes one shorter than it is, never longer.
    connection = Connection.get_or_none(Connection.user == user_id)
    grown_to = None if connection is None else connection.last_success_at
    rows = list(Coverage.select().where(Coverage.user == user_id).order_by(Coverage.started_at))
    stretches = [
        (row.started_at, row.ended_at or max(row.started_at, grown_to or row.started_at))
        for row in rows
    ]
    fields = Gap._meta.fields
    return CoverageRows(
        [[clock.to_ms(start), clock.to_ms(end)] for start, end in stretches],
        [{name: field.db_value(one.__data__[name]) for name, field in fields.items()}
         for one in gaps],
    )  # fmt: skip
