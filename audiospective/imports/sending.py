"""Files that lie on this machine become an import: stripped first, kept only then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from audiospective.imports import rounds, scratch, uploads
from audiospective.imports.child import Order
from audiospective.imports.errors import RefusedError
from audiospective.imports.reading_process import AccidentError, run
from audiospective.imports.uploads import Announced
from audiospective.models import User
from audiospective.models.imports import Import
from audiospective.policy.import_limits import READ_SECONDS
from audiospective.services import Services

PIECE = 1 << 20
_ACCIDENT = "Looking through the files took more memory or time than we have. Nothing was kept."

Sent = tuple[Path, str]  # where a file lies, and what its owner calls it


def names_of(user: User) -> list[str]:
    """The member's own user names at Spotify: files with others are asked about."""
    return [one for one in (user.spotify_id, user.spotify_account_id) if one]


def send(
    services: Services,
    user: User,
    files: Sequence[Sent],
    told: Callable[[int], None] | None = None,
    *,
    seconds: float = READ_SECONDS,
) -> Import:
    """An import of these files, which a worker reads. `told` hears how many bytes were kept;
    looking through them may take `seconds`.

    What is personal in them is dropped in a process of its own before storage sees a byte.
    Raises RefusedError and storage.StorageError; then nothing is kept.
    """
    row = uploads.begin(user, [Announced(name, path.stat().st_size) for path, name in files])
    try:
        with scratch.folder(services.settings.home, "unpacked", "out") as folder:
            order = Order(
                [(str(path), name) for path, name in files],
                str(folder / "unpacked"),
                str(folder / "out"),
                {"names": names_of(user)},
                strip=True,
            )
            run(order, lambda _rows: None, seconds)
            for number in range(len(files)):
                size = uploads.take(services, row, number, _pieces(folder / "out" / str(number)))
                if told:
                    told(size)
    except AccidentError:
        rounds.cancel(services, row)
        raise RefusedError(_ACCIDENT) from None
    except BaseException:
        rounds.cancel(services, row)
        raise
    uploads.complete(services, row)
    return row


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
