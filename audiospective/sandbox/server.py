"""A sandbox that listens on a port, in this process."""

from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

from audiospective.sandbox.app import create_sandbox
from audiospective.sandbox.control import Control
from audiospective.sandbox.exchange import state_of
from audiospective.sandbox.wire import Listening


class SandboxServer:
    """A sandbox on a loopback port, running while the block lasts.

    `demo=False` (the default here) starts without listeners; the other options are those of
    `create_sandbox`. Port 0 takes any free one.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        home: Path | None = None,
        *,
        demo: bool = False,
        **options: Any,
    ) -> None:
        self._listening = Listening(host, port)
        self.port = int(self._listening.server_address[1])
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self.port}"
        try:
            self.app = create_sandbox(
                home=home, demo=demo, listening_at=self.url, **{"base": self.url, **options}
            )
        except BaseException:
            self._listening.server_close()
            raise
        self.state = state_of(self.app)
        self.control = Control(self.state)
        self._thread: Thread | None = None

    @property
    def accounts_url(self) -> str:
        """What stands for https://accounts.spotify.com."""
        return self.url

    @property
    def api_url(self) -> str:
        """What stands for https://api.spotify.com/v1."""
        return f"{self.url}/v1"

    @property
    def mail_url(self) -> str:
        """What stands for https://api.resend.com."""
        return self.url

    def serve(self) -> None:
        """Answer calls until `stop` is called from another thread."""
        self._listening.app = self.app
        self._listening.serve_forever(poll_interval=0.02)

    def start(self) -> Self:
        """Answer calls in the background."""
        self._thread = Thread(target=self.serve, name="sandbox", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every stall and connection, and let go of port and home."""
        self.state.stopping.set()
        if self._thread is not None:
            self._listening.shutdown()
            self._thread.join()
            self._thread = None
        self.close()

    def close(self) -> None:
        """Let go of everything, once nothing is served any more."""
        self.state.stopping.set()
        self._listening.hang_up()
        self._listening.server_close()
        self.state.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
