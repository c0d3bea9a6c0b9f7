"""What pages with figures share: names of what was heard, words of values, what is known."""
