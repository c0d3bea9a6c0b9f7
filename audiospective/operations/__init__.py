"""What keeps an installation running: maintenance, checks, capacity."""
