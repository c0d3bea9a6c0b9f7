"""A pool whose work is done when somebody waits for it, in an order that follows from the seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from random import Random
from typing import Any, NamedTuple


class Waited(NamedTuple):
    """What `concurrent.futures.wait` gives; in a stable order."""

    done: list[Future[Any]]
    not_done: list[Future[Any]]


class _Later(Future[Any]):
    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self.work = work

    def carry_out(self) -> None:
        if not self.set_running_or_notify_cancel():
            return
        try:
            self.set_result(self.work())
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self.set_exception(error)


class SequentialExecutor:
    """Takes the place of ThreadPoolExecutor and of `wait` in a batch."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def pool(self, *_: Any, **__: Any) -> SequentialExecutor:
        return self

    def submit(self, work: Callable[..., Any], *args: Any) -> Future[Any]:
        return _Later(lambda: work(*args))

    def shutdown(self, **_: Any) -> None:
        """Nothing runs."""

    def wait(self, futures: Iterable[Future[Any]], **_: Any) -> Waited:
        """Do some of the work, and say what is done."""
        waiting = [one for one in futures if not one.done()]
        self._chance.shuffle(waiting)
        for one in waiting[: self._chance.choice((1, 3, 10, 16))]:
            assert isinstance(one, _Later)
            one.carry_out()
        return Waited(
            [one for one in futures if one.done()], [one for one in futures if not one.done()]
        )
