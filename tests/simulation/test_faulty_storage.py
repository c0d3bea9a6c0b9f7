"""A file that was opened for nobody is closed, as the system does for a process that ends."""

from __future__ import annotations

from io import BytesIO
from random import Random
from types import SimpleNamespace

import pytest

from audiospective.simulation.faulty_storage import FaultyStorage
from audiospective.simulation.operation_faults import AFTER, LOST, FaultInjector


@pytest.mark.parametrize("how", [AFTER, LOST])
def test_a_file_whose_opener_is_killed_or_never_hears_of_it_is_closed(how):
    file, injector = BytesIO(b"plays"), FaultInjector(Random(1))
    storage = FaultyStorage(SimpleNamespace(open=lambda *_: file), injector)
    process = injector.begin("a job")
    process.kind, process.how, process.fuse = "storage", how, 1
    with pytest.raises(BaseException):  # noqa: B017, PT011 - whichever the injector raises
        storage.open("imports/1/1/tracks.parquet")
    injector.end(process)
    assert file.closed
    assert (
        FaultyStorage(SimpleNamespace(open=lambda *_: BytesIO()), injector).open("a").closed
        is False
    )
