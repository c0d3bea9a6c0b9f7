"""A report as plain text, to be pasted somewhere."""

from __future__ import annotations

from audiospective.policy import in_words
from audiospective.web.figures.ranked_list import Ranked
from audiospective.web.panels import Failed
from audiospective.web.reports.report import Moment, Report

SHOWN = 5


def of(report: Report) -> str:
    """Some lines; nothing in it but what stands in the report."""
    lines = [
        f"{report.title}{' so far' if report.is_open else ''}: {report.headline}",
        "",
        *report.lead,
    ]
    for ranked in () if isinstance(report.ranked_lists, Failed) else report.ranked_lists:
        if ranked.rows:
            lines += ["", ranked.title]
            lines += [_row(row) for row in ranked.rows[:SHOWN]]
    if report.discoveries and not isinstance(report.discoveries, Failed):
        lines += ["", "Heard for the first time: " + _names(report.discoveries)]
    if report.longest and not isinstance(report.longest, Failed):
        lines += ["", f"Longest day: {report.longest.words}"]
    if report.decades and not isinstance(report.decades, Failed):
        lines += ["", f"Released: {_lower(report.decades.finding)}."]
    lines += ["", known(report), f"Counted: {report.counted}."]
    return "\n".join(lines) + "\n"


def known(report: Report) -> str:
    """The sentence about what is known, with what is missing."""
    said = f"These figures know {report.knowledge.percent} % of the time."
    if report.knowledge.unknown:
        missing = [
            f"{in_words.day(one.first)}"
            + (f" to {in_words.day(one.last)}" if one.last != one.first else "")
            for one in report.knowledge.unknown
        ]
        more = f" and {report.knowledge.more} more" if report.knowledge.more else ""
        said += f" Missing: {'; '.join(missing)}{more}."
    return said


def _row(row: Ranked) -> str:
    by = ", ".join(name for name, _ in row.line.by)
    title = f"{row.line.title} ({by})" if by else row.line.title
    return f"{row.rank}. {in_words.isolated(title)}: {row.value}"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _names(moments: tuple[Moment, ...]) -> str:
    return ", ".join(one.line.title for one in moments)
