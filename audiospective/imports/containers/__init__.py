"""What files come packed in, opened without trusting a single number that they state."""
