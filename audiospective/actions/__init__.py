"""Verbs: load, ask the rules, write, call the world."""
