"""What a member changes: the connection and the Spotify app behind it."""
