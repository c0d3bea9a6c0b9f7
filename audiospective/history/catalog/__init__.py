"""The catalog: every artist, album and track once, written in bulk and read by id.

These modules are the only readers and writers of its tables; how the tables look may change:

* `polled.remember`, `imported.remember`: our id of a track, from what Spotify or a file says of it;
* `lookup`: names for the few ids that a page shows;
* `frames`: album, artists and duration of many tracks;
* `names`: folded names of many tracks, and which of them match words;
* `track_facts`: everything about many tracks, for exports;
* `merge`: what happens when Spotify describes what an import had named.
"""
