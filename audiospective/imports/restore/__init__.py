"""A bundle that comes back: its archive, play for play, with all that belongs to it."""
