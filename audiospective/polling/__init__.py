"""From a member who is due to plays in the archive."""
