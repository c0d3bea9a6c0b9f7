"""Bringing listening history in from files."""
