"""What the archive knows and what it may have missed."""
