"""The control handle: everything a test, a simulation or a demonstration can make happen.

The control API offers the same verbs with the same arguments over HTTP, so whatever a verb takes
and gives is plain JSON, except that instants may also be aware datetimes here.
"""

from audiospective.sandbox.verbs.faults import FaultVerbs
from audiospective.sandbox.verbs.grants import GrantVerbs
from audiospective.sandbox.verbs.oracle import OracleVerbs
from audiospective.sandbox.verbs.people import PeopleVerbs
from audiospective.sandbox.verbs.plays import PlayVerbs
from audiospective.sandbox.verbs.time import TimeVerbs
from audiospective.sandbox.verbs.traffic import TrafficVerbs


class Control(TimeVerbs, PeopleVerbs, PlayVerbs, OracleVerbs, FaultVerbs, GrantVerbs, TrafficVerbs):
    """Every verb. Listeners are named by id; unknown ones raise KeyError."""


VERBS = frozenset(
    name for name in dir(Control) if not name.startswith("_") and callable(getattr(Control, name))
)
