"""How much a member may bring at once and keep, and for how long."""

from __future__ import annotations

from datetime import timedelta

FILES = 60  # of one import, as they are sent; an archive is one
FILE_BYTES = 1 << 30
IMPORT_BYTES = 2 << 30
CHUNK_BYTES = 4 << 20  # of one request; a dropped line costs no more
MOST_ROWS = 3_000_000
MOST_TRACKS = 400_000  # heavy listeners' exports hold 430,000 plays of 20,000 tracks
NAME_LENGTH = 1_000  # characters of a title, artist or album; the rest is cut
OPEN_IMPORTS = 3  # of one member that are not over
KEPT_BYTES = 256 << 20  # that storage keeps of one member's imports, so that they can be undone
PATIENCE = timedelta(days=7)  # an import that waits for its member so long is cancelled
UPLOAD_PATIENCE = timedelta(days=1)  # and one whose files stopped coming
LONG_WAIT = timedelta(days=1)  # for storage, database or a worker, after which operators are told
ATTEMPTS = 3  # workers that may die over an import before it is given up
READ_SECONDS = 30 * 60  # of a worker, for reading the files of one import
STRIP_SECONDS = 5 * 60  # of a web process, for taking out what is personal of a form's files
MEMORY_BYTES = 3 << 30  # of addresses of the process that reads files; Polars reserves plenty
SCRATCH_BYTES = 10 << 30  # of the disk, for one file that it writes
