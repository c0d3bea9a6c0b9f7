"""Files of forms lie on the archive's own disk while they come: /tmp may be the server's memory."""

from __future__ import annotations

import tempfile
from typing import IO, cast

import flask

from audiospective.imports import disk_room
from audiospective.web.context import services

SMALL = 512 * 1024  # bytes of a file that stay in memory


class Request(flask.Request):
    """A request whose files are gone once it is answered, also if the process is killed.

    Reading them raises storage.StorageError where the disk has no room for all that is to come.
    """

    _has_room = False

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        folder = services().settings.home / "scratch"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        coming = total_content_length or self.max_content_length or 0
        if coming > SMALL and not self._has_room:
            disk_room.require(folder, disk_room.OF_A_FORM * coming)
            self._has_room = True
        return cast(IO[bytes], tempfile.SpooledTemporaryFile(max_size=SMALL, dir=str(folder)))
