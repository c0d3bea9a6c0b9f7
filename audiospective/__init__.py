"""Audiospective keeps a person's Spotify listening for good."""

__version__ = "0.2.0"
