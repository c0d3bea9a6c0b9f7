"""The state of the archive and the newest plays."""
