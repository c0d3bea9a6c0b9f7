"""How the database grows on until its budget: a picture, its words and its table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from audiospective.operations.overview.database_size import Room
from audiospective.policy import storage_outlook
from audiospective.web.charts import outlook
from audiospective.web.charts.outlook import Outlook
from audiospective.web.ops.figures import size

EVERY = 4  # points of the line for one row of the table


@dataclass(frozen=True)
class Ahead:
    """`soonest` and `latest`: when the edges of the band reach the budget, None: not in this time;
    `rows` are (date, likely, least, most).
    """

    chart: Outlook
    first: datetime
    last: datetime
    soonest: datetime | None
    latest: datetime | None
    rows: tuple[tuple[datetime, str, str, str], ...]


def of(room: Room) -> Ahead | None:
    """None until the ledger was written once."""
    if room.reckoned is None or len(room.ahead) < 2:
        return None
    now = room.reckoned
    least, most = storage_outlook.band(room.ahead)
    when = [now + timedelta(days=place * room.step) for place in range(len(room.ahead))]
    days = [
        (datetime.fromisoformat(day).replace(tzinfo=UTC), float(taken)) for day, taken in room.days
    ]
    past = [(at.timestamp(), taken) for at, taken in days if at < now]

    def points(values: tuple[float, ...]) -> list[tuple[float, float]]:
        return [(at.timestamp(), value) for at, value in zip(when, values, strict=True)]

    def reached(values: tuple[float, ...]) -> datetime | None:
        found = storage_outlook.reached(values, room.step, room.budget)
        return None if found is None else now + timedelta(days=found)

    def written(count: float) -> str:
        return " ".join(size(count))

    return Ahead(
        chart=outlook.of(past, points(room.ahead), points(least), points(most), float(room.budget)),
        first=datetime.fromtimestamp(past[0][0], UTC) if past else now,
        last=when[-1],
        soonest=reached(most),
        latest=reached(least),
        rows=tuple(
            (at, written(likely), written(low), written(high))
            for at, likely, low, high in list(zip(when, room.ahead, least, most, strict=True))[
                ::EVERY
            ]
        ),
    )
