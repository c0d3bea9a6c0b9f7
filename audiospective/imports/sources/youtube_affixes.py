"""The words around every title and artist of a YouTube history, learnt from the file itself.

Google writes "Watched TITLE" and "ARTIST - Topic" in the language of the account, before or after.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from audiospective.imports.reading.values import inner, text

_ENOUGH = 5  # different titles; fewer may well begin with the same word themselves
_SHARE = 0.9  # of the titles that have the affix
_LONGEST = 60
_USUAL = (
    *(("Watched ", ""), ("", " angesehen"), ("Angesehen: ", ""), ("Vous avez regardé ", "")),
    *(("Has visto ", ""), ("Hai guardato ", ""), ("Você assistiu a ", ""), ("", " bekeken")),
    *(
        ("「", "」を視聴しました"),
        ("", " を視聴しました"),
        ("Obejrzano: ", ""),
        ("Просмотрено видео ", ""),
    ),
)
_TOPIC = "Topic"


@dataclass(frozen=True)
class Affixes:
    """What stands before and after titles, and after the names of music channels."""

    prefix: str = ""
    suffix: str = ""
    topic: str = _TOPIC

    @classmethod
    def of(cls, rows: Sequence[Any]) -> Affixes:
        """From rows of watched videos; of too few of them the usual languages are tried."""
        titles = sorted({title for row in rows if (title := text(inner(row, "title")))})
        channels = [name for row in rows if (name := _channel(row))]
        topic = _last_word({name for name in channels if " - " in name})
        if len(titles) < _ENOUGH:
            for prefix, suffix in _USUAL:
                if titles and all(t.startswith(prefix) and t.endswith(suffix) for t in titles):
                    return cls(prefix, suffix, topic)
            return cls(topic=topic)
        prefix = _bounded(_common(titles, str.__getitem__))
        backwards = _common(titles, lambda title, at: title[-1 - at])
        return cls(prefix, _bounded(backwards)[::-1], topic)

    def title(self, written: str | None) -> str | None:
        """A title without what stands around it."""
        if written is None:
            return None
        if written.startswith(self.prefix):
            written = written[len(self.prefix) :]
        if self.suffix and written.endswith(self.suffix):
            written = written[: -len(self.suffix)]
        return written.strip() or None

    def artist(self, channel: str | None) -> str | None:
        """The artist of a music channel; None for every other."""
        for topic in (self.topic, _TOPIC):
            if channel and channel.endswith(f" - {topic}"):
                return channel[: -len(topic) - 3].strip() or None
        return None


def _channel(row: object) -> str | None:
    subtitles = inner(row, "subtitles")
    return text(inner(subtitles[0], "name")) if isinstance(subtitles, list) and subtitles else None


def _common(titles: Sequence[str], sign: Callable[[str, int], str]) -> str:
    """The longest beginning (or end, by `sign`) that nearly all titles share."""
    found = ""
    alike = list(titles)
    while len(found) < _LONGEST:
        at = len(found)
        signs = Counter(sign(title, at) for title in alike if len(title) > at)
        if not signs:
            return found
        best, count = signs.most_common(1)[0]
        if count < _SHARE * len(titles):
            return found
        alike = [title for title in alike if len(title) > at and sign(title, at) == best]
        found += best
    return found


def _bounded(affix: str) -> str:
    """Only up to the last sign that is no letter: half a word belongs to the titles."""
    while affix and affix[-1].isalnum() and affix[-1].isascii():
        affix = affix[:-1]
    return affix


def _last_word(channels: set[str]) -> str:
    """What most channels have after their last dash."""
    words = Counter(name.rpartition(" - ")[2] for name in channels)
    word, count = words.most_common(1)[0] if words else (_TOPIC, 0)
    return word if count >= 3 and count * 2 > len(channels) else _TOPIC
