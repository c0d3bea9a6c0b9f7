"""The archive itself."""
