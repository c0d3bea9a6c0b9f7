"""The interface for programs: plays, figures and health as JSON, for whoever holds a token."""
