"""The pages of one track, artist or album."""
