"""What a stranger sees first."""
