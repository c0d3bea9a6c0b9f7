"""Bringing listening history in from files: what a file is, what it says, what becomes of it."""
