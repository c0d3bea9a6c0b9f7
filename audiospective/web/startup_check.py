"""Before several web processes start: what would keep each of them from it is said once."""

from __future__ import annotations

import os
import sys


def look() -> None:
    """End this process as `boot.services` does where it cannot work.

    A child looks, since nothing that it loads or connects to may be there when this process forks
    the web processes.
    """
    child = os.fork()
    if not child:
        code = 0  # what is no fault of the settings is told by those who are started
        try:
            from audiospective import boot

            boot.services()
        except SystemExit as error:
            code = int(error.code or 0)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if (code := os.waitstatus_to_exitcode(status)) > 0:
        sys.exit(code)
