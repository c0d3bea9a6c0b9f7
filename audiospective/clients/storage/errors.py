"""What can go wrong with storage.

StorageError                 it did not do what it was asked
├── MissingError             there is nothing under this key
├── DamagedError             what came is not what was put
├── RefusedError             it answers, and says no: a key, a bucket, a permission
└── AwayError                it does not answer, or not in time; later it may
"""

from __future__ import annotations


class StorageError(Exception):
    """The storage did not do what it was asked."""


class MissingError(StorageError):
    """There is nothing under this key."""


class DamagedError(StorageError):
    """What came is not what was put."""


class RefusedError(StorageError):
    """The storage answers, and says no; only somebody who changes something can help."""


class AwayError(StorageError):
    """The storage does not answer, or not in time; later it may."""
