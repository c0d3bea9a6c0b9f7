"""Signing in and up: to Spotify and back, by e-mail, and the first steps of a member."""
