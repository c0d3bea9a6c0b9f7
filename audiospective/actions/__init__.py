"""Verbs: load, ask a rule, write, call the world."""
