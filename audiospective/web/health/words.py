"""Words of the health page: causes of gaps and what helps, results of checks."""

from __future__ import annotations

from audiospective.policy import in_words
from audiospective.policy.archive_state import Action, ArchiveState, Missing
from audiospective.policy.failures import TRAITS

CAUSES = {
    "overflow": "More than 50 plays between two checks",
    "late": "A device that was offline sent more plays than Spotify still shows",
    "downtime": "Our own checks came too late",
    "authorization": "We had no access to your plays",
    "outage": "Spotify did not answer",
    "paused": "Paused or disconnected by you",
}
# The same for anybody who has a link.
NEUTRAL = {
    "authorization": "The plays could not be read",
    "paused": "Not checked",
}
# (words, colour) for what a check ended with.
RESULTS = {
    "empty": ("Empty response, retried", "warn"),
    "undated": ("Nothing with a usable time, retried", "warn"),
    **{failure.value: (traits.label, traits.tone) for failure, traits in TRAITS.items()},
}


def cause(gap: Missing, *, own: bool = True) -> str:
    """Why plays may be missing; `own`: said to the member, else to anybody."""
    found = CAUSES.get(gap.cause, gap.cause)
    return found if own else NEUTRAL.get(gap.cause, found)


def cure(gap: Missing, state: ArchiveState) -> str:
    """What helps against a gap that is open."""
    if gap.ended_at is not None:
        wished = gap.cause == "paused"
        return "An import closes it" + (", if you want it back" if wished else "")
    match state.traits.action:
        case Action.RESUME:
            return "Resume ends it"
        case Action.RECONNECT:
            return "Reconnecting ends it"
        case Action.OWN_APP:
            return "Mending your Spotify app ends it"
    return "The next successful check ends it"


def percent(share: float) -> str:
    """`99.1 %`; never 100 % while something is missing, never 0 % while something is known."""
    return f"{in_words.percent(share)} %"


span = in_words.span  # for the templates


def result(outcome: str, added: int) -> tuple[str, str]:
    """What a check ended with, and its colour."""
    if outcome == "ok":
        return ("Saved", "good") if added else ("Nothing new", "good")
    return RESULTS.get(outcome, (outcome, "warn"))
