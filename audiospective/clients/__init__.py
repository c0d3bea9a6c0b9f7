"""The world outside: Spotify, the queues, and what else answers over a wire."""
