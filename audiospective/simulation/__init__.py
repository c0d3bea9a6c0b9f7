"""A simulated instance: members who listen for months, faults at every step, and an oracle.

Everything runs in one process and one thread under a virtual clock, so a run follows from its seed.
"""
