"""Verbs that let things go wrong."""

from collections.abc import Sequence
from typing import Any

from audiospective.sandbox.verbs.base import Verbs


class FaultVerbs(Verbs):
    """Faults, put in force and ended."""

    def fault(
        self,
        name: str,
        *,
        listener: str | Sequence[str] | None = None,
        app: str | None = None,
        endpoint: str | None = None,
        times: int | None = None,
        skip: int = 0,
        **params: Any,
    ) -> int:
        """Put a fault in force and get its number; see docs/sandbox.md for names and parameters.

        Scope it by listener (one or several), app and endpoint; `times` ends it after so many
        calls, `skip` lets the first ones pass.
        """
        people = (listener,) if isinstance(listener, str) else tuple(listener or ())
        with self.state.lock:
            fault = self.state.faults.add(
                name, endpoint=endpoint, listeners=people, app=app,
                times=times, skip=skip, params=params,
            )  # fmt: skip
            if name == "stale":
                for known in people or self.state.listeners:
                    tape = self.state.heard(self.state.listeners[known]).tape
                    fault.snapshots[known] = list(tape.window)
            return fault.id

    def clear(self, id: int | None = None, name: str | None = None) -> None:
        """End one fault, all of a name, or all."""
        with self.state.lock:
            self.state.faults.clear(id, name)

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force."""
        with self.state.lock:
            return [fault.describe() for fault in self.state.faults.all.values()]
