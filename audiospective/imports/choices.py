"""What a member chose for an import: how to read it, and what to leave out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import orjson

AS_IT_STANDS = "as_it_stands"


def of_this_release(kind: type[Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """What `kind` (a dataclass) has fields for: a release beside this one may have written more."""
    return {one.name: told[one.name] for one in fields(kind) if one.name in told}


@dataclass
class Choices:
    """Of the files' own questions `zone`, `day_first`, `person` and `mapping`: see Answers.

    `private`, `podcasts`, `audiobooks`: whether they are added. `others`: whether files with
    somebody else's user name are; None until it is answered. `clocks`: by source, how its times
    are moved: AS_IT_STANDS, "+90" (minutes) or a zone; what is missing was not answered.
    """

    private: bool = False
    podcasts: bool = True
    audiobooks: bool = True
    others: bool | None = None
    clocks: dict[str, str] = field(default_factory=dict)
    zone: str | None = None
    day_first: bool | None = None
    person: str | None = None
    mapping: dict[str, dict[str, str]] = field(default_factory=dict)

    def dumps(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def loads(cls, text: str) -> Choices:
        return cls(**of_this_release(cls, orjson.loads(text)))

    def answers(self) -> dict[str, Any]:
        """Those that reading needs."""
        return {name: getattr(self, name) for name in ("zone", "day_first", "person", "mapping")}

    def clock(self, source: str) -> tuple[int | None, str | None]:
        """Minutes to add to the times of a source, or the zone that they are local time of."""
        chosen = self.clocks.get(source, AS_IT_STANDS)
        if chosen == AS_IT_STANDS:
            return None, None
        return (int(chosen), None) if chosen[0] in "+-" else (None, chosen)
