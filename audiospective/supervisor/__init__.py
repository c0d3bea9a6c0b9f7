"""The supervisor: starts several programs on one machine and stops them without a trace."""

from __future__ import annotations

from audiospective.supervisor.program import Program
from audiospective.supervisor.supervisor import StartError, Supervisor

__all__ = ["Program", "StartError", "Supervisor"]
