"""A place in line."""
