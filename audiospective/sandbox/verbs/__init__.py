"""The verbs of the control handle, by what they are about."""
