"""What a report says in whole sentences; every number in them stands in the report, too."""

from __future__ import annotations

from datetime import date

from audiospective.policy import periods
from audiospective.policy.counting import Counting
from audiospective.policy.in_words import duration, percent, plural
from audiospective.policy.periods import Kind, Period
from audiospective.stats.decades import Decades
from audiospective.stats.sittings import PAUSE, SIZES, Sittings
from audiospective.stats.skips import Skips
from audiospective.web.figures import words
from audiospective.web.panels import Failed
from audiospective.web.reports.figures import Found

EVERY = {2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth",
         9: "ninth", 10: "tenth", 11: "eleventh", 12: "twelfth"}  # fmt: skip
# One in so many is too coarse for the largest shares: 0.4 and 0.6 would both be every second play.
NEARLY_ALL, ABOUT_HALF, ABOUT_A_THIRD = 0.9, (0.45, 0.55), 0.37
PARTS = ((5, "Nights"), (12, "Mornings"), (17, "Afternoons"), (22, "Evenings"), (24, "Nights"))


def headline(found: Found, name: str) -> str:
    """The finding; `name` is of the artist heard most."""
    plays, artists = (
        found.now.plays,
        [] if isinstance(found.places, Failed) else found.places["artist"],
    )
    if not artists:
        return plural(plays, "play")
    share = artists[0].plays / plays
    if share >= NEARLY_ALL:
        return f"Almost nothing but {name}"
    if share > ABOUT_A_THIRD and not ABOUT_HALF[0] <= share <= ABOUT_HALF[1]:
        return f"{percent(share)} % of the plays were {name}"
    every = round(1 / share)
    if every in EVERY:
        return f"Every {EVERY[every]} play was {name}"
    return f"{plural(found.now.artists, 'artist')}, and most of all {name}"


def lead(found: Found, counting: Counting) -> list[str]:
    """The sentences under it: how much, compared with before, the loudest part, what was new."""
    now, then = found.now, found.then
    said = [f"{plural(now.plays, 'play')} in {words.about(now.heard, now.guessed)}"]
    if then is not None and found.before is not None:
        when = "by then in" if found.same != found.before else "in"
        compared = words.compared(now.plays, then.plays)
        said[0] += f", {compared} {when} {in_words(found.before)}"
    said[0] += "."
    loudest = _loudest(found)
    if loudest is not None:
        said.append(f"Most was heard in {loudest[0]}: {words.amount(loudest[1], counting)}.")
    if now.new_tracks and found.period.first > found.first:
        tracks = plural(now.new_tracks, "track")
        if now.new_artists:
            tracks += f" and {plural(now.new_artists, 'artist')}"
        were = "was" if now.new_tracks == 1 and not now.new_artists else "were"
        said.append(f"{tracks} {were} heard for the first time.")
    return said


def in_words(period: Period) -> str:
    """A period inside a sentence: `week 47 of 2026`."""
    title = periods.title(period)
    return title[0].lower() + title[1:] if period.kind in (Kind.WEEK, Kind.ALL) else title


def clock(hours: list[int]) -> str:
    """`Evenings, mostly at nine`: the part of the day and the hour with most."""
    peak = hours.index(max(hours))
    part = next(name for end, name in PARTS if peak < end)
    share = sum(hours[peak : peak + 1]) / max(1, sum(hours))
    return f"{part}, most between {peak}:00 and {peak + 1}:00 ({percent(share)} %)"


def sittings(found: Sittings, *, timed: bool) -> str:
    """How many, and the longest; `timed`: to the minute at which it began, else to the day."""
    if found.began is None:
        return "No sittings"
    began = words.weekday(found.began.date()) + (f" at {found.began:%H:%M}" if timed else "")
    return (
        f"A sitting ends after {PAUSE} silent minutes. The longest, "
        f"{duration(found.longest)} with {plural(found.plays, 'play')}, began on {began}."
    )


def sizes(found: Sittings) -> list[tuple[str, int]]:
    """How many sittings were how long."""
    edges = [f"{size} m" if size < 60 else f"{size // 60} h" for size in SIZES]
    labels = [*(f"< {edge}" for edge in edges), f"{edges[-1]} +"]
    return list(zip(labels, found.sizes, strict=True))


def skips(found: Skips, plays: int) -> str | None:
    """The share skipped, and of how many plays that is known; None where nobody told."""
    if not found.known:
        return None
    share = percent(found.skipped / found.known)
    told = "every play" if found.known == plays else f"{found.known:,} of {plays:,} plays"
    return f"{share} % skipped, as far as is known: for {told}."


def decades(found: Decades) -> str:
    """`Most from the 1990s: 41 %`, of what has a date."""
    best, amount = max(found.amounts, key=lambda one: (one[1], one[0]))
    return f"Most from the {best}s: {percent(amount / found.dated)} %"


def dated(found: Decades) -> str:
    """Of how much the release date is known, and of which release that is."""
    share = found.dated / found.amount if found.amount else 0.0
    told = "of everything" if share >= 1 else f"for {percent(share)} % of it"
    return (
        f"By the release date of the album, known {told}; a song from a later collection counts "
        "where that came out."
    )


def _loudest(found: Found) -> tuple[str, int] | None:
    """The month with most, of a longer period; the day, of a shorter one."""
    sums: dict[date, int] = {}
    long = (found.until - found.period.first).days > 62
    for day, amount in found.days.items():
        if found.period.first <= day <= found.until:
            part = day.replace(day=1) if long else day
            sums[part] = sums.get(part, 0) + amount
    if len(sums) < 2:
        return None
    best = max(sums, key=lambda part: (sums[part], -part.toordinal()))
    if not long:
        return None
    name = f"{best:%B}" if found.period.kind is Kind.YEAR else f"{best:%B %Y}"
    return name, sums[best]
