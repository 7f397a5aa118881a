"""Runs ``glancesync`` and kills the process at a point of its work on volumes.

``python killed_volumes.py POINT FILE AHEAD ARGUMENTS…``: POINT is the name of a point, the number of one, or 0 for
none; the names of the points that were passed are left in FILE; the clock of the process is AHEAD seconds ahead.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[2])

from urllib3.connection import HTTPConnection  # noqa: E402 - the path has to be set first

from fiwareglancesync.main import main  # noqa: E402
from fiwareglancesync.volumes.openstack_backups import OpenStackBackups  # noqa: E402
from fiwareglancesync.volumes.state.volume_changes import VolumeChanges  # noqa: E402

WRITES = tuple(name for name in vars(VolumeChanges) if not name.startswith("_"))
REQUESTS = ("create_backup", "delete_backup", "set_server_metadata")


class Switch:
    """Ends the process at one of its points: before and after each write and each request that changes something, and
    between such a request and its answer.

    :param point: name or number of the point
    """

    def __init__(self, point: str, file: Path) -> None:
        self._point = point
        self._file = file
        self._passed: list[str] = []
        self._request = ""

    def pass_point(self, name: str) -> None:
        """Pass a point, or end."""
        self._passed.append(name)
        self._file.write_text("\n".join(self._passed))
        if self._point in (name, str(len(self._passed))):
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, method: Callable[..., Any], *, is_request: bool) -> Callable[..., Any]:
        """The same method with points."""

        @functools.wraps(method)
        def replacement(*arguments: Any, **options: Any) -> Any:
            self.pass_point(f"before {method.__name__}")
            self._request = method.__name__ if is_request else ""
            answer = method(*arguments, **options)
            self._request = ""
            self.pass_point(f"after {method.__name__}")
            return answer

        return replacement

    def after_sending(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The same method, which sends a request, with a point before its answer is read."""

        @functools.wraps(method)
        def replacement(connection: HTTPConnection, verb: str, url: str, *arguments: Any, **options: Any) -> Any:
            sent = method(connection, verb, url, *arguments, **options)
            # The account signs in first, which changes nothing.
            if self._request and verb != "GET" and not url.endswith("/auth/tokens"):
                self.pass_point(f"unanswered {self._request}")
            return sent

        return replacement


def _main() -> int:
    point, file, ahead, *arguments = sys.argv[1:]
    right = time.time
    time.time = lambda: right() + float(ahead)
    switch = Switch(point, Path(file))
    for owner, names in ((VolumeChanges, WRITES), (OpenStackBackups, REQUESTS)):
        for name in names:
            setattr(owner, name, switch.around(getattr(owner, name), is_request=owner is OpenStackBackups))
    HTTPConnection.request = switch.after_sending(HTTPConnection.request)  # type: ignore[method-assign]
    return main(arguments)


if __name__ == "__main__":
    sys.exit(_main())
