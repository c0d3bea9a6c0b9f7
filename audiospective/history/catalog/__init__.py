"""The catalog: every artist, album and track once, written in bulk and read by id."""
