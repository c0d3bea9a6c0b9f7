"""Whether the processes at work run with the settings that this command reads."""

from __future__ import annotations

from redis.exceptions import RedisError

from audiospective.operations import agreement
from audiospective.operations.doctor.finding import UNASKED, Finding
from audiospective.policy.agreement import in_words
from audiospective.services import Services

NAME = "Shared settings"
# With others of these no poll succeeds; with others of the rest links, e-mails or files suffer.
STOPPING = ("TOKEN_KEYS", "SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET")


def look(services: Services) -> Finding:
    """Compare fingerprints; no value is shown, and none can be told from them."""
    try:
        running = agreement.roles(services.redis)
        apart = agreement.differences(services.redis)
        from_here = agreement.different_from(services.redis, services.settings)
    except RedisError:
        return Finding(NAME, UNASKED, "Repair Redis first.", serious=False)
    if apart:
        return Finding(
            NAME,
            f"not the same in all processes: {in_words(apart)}",
            "Give all of them the same values and restart all. After a change on purpose this is "
            "said for three minutes after the last process of before has ended, of tick for "
            "25 minutes after it last ran with the former values.",
            serious=any(name in STOPPING for name in apart),
        )
    if from_here:
        return Finding(
            NAME,
            f"others than this command reads are in use: {in_words(from_here)}",
            "Restart what runs, or run this command with the settings of the processes.",
            serious=False,
        )
    if not running:
        return Finding(NAME, "no process has said yet which it runs with")
    return Finding(NAME, f"the same in {', '.join(running)}")
