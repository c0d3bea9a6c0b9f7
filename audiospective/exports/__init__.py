"""Exports: everything one person's archive holds, in files that others can read."""
