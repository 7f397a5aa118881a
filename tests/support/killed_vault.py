"""Runs ``glancesync`` often, and kills each process at a point of its work on a vault and a region.

``python killed_vault.py FILE`` reads a line of JSON for each run: the number of the point, 0 for none, and the
arguments. It answers with a line of JSON: the exit code, the points that were passed, and what was printed. Each run is
a fork of this process, so that the program is loaded once.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[2])

from urllib3.connection import HTTPConnection  # noqa: E402 - the path has to be set first

from fiwareglancesync.cli import vault_heal, vault_undelete  # noqa: E402, F401 - they are loaded before the forks
from fiwareglancesync.main import main  # noqa: E402
from tests.support.failing_disk import observed_disk  # noqa: E402


class Points:
    """Ends the process at one of its points: before each change of the vault, and before, in and after each request
    that changes something in a region.

    :param last: number of the point, from 1; 0 for none
    :param file: takes the names of the points
    """

    def __init__(self, last: int, file: Path) -> None:
        self._last = last
        self._file = file
        self._passed = 0
        self._lock = threading.Lock()

    def pass_point(self, name: str) -> None:
        """Pass a point, or end."""
        with self._lock:
            self._passed += 1
            with self._file.open("a") as file:
                file.write(f"{name}\n")
            if self._passed == self._last:
                os.kill(os.getpid(), signal.SIGKILL)

    def before_change(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Pass the point before a change of the vault; a process that ends there has written a half."""
        if name == "pwrite" and self._passed + 1 == self._last:
            descriptor, content, position = arguments
            os.pwrite(descriptor, content[: len(content) // 2], position)
        self.pass_point(name)

    def sending(self, send: Callable[..., Any]) -> Callable[..., Any]:
        """What sends a request, with a point before it and one before its answer is read."""

        @functools.wraps(send)
        def replacement(connection: HTTPConnection, verb: str, url: str, *arguments: Any, **options: Any) -> Any:
            if verb == "GET" or url.endswith("/auth/tokens"):
                return send(connection, verb, url, *arguments, **options)
            self.pass_point(f"before {verb}")
            sent = send(connection, verb, url, *arguments, **options)
            self.pass_point(f"sent {verb}")
            connection.changes = verb  # type: ignore[attr-defined]
            return sent

        return replacement

    def answered(self, read: Callable[..., Any]) -> Callable[..., Any]:
        """What reads an answer, with a point after it."""

        @functools.wraps(read)
        def replacement(connection: HTTPConnection, *arguments: Any, **options: Any) -> Any:
            answer = read(connection, *arguments, **options)
            verb = connection.__dict__.pop("changes", None)
            if verb is not None:
                self.pass_point(f"after {verb}")
            return answer

        return replacement


def _run(last: int, words: Sequence[str], file: Path, output: Path) -> int:
    """Run the program in a process of its own; its exit code, or the negative number of the signal that ended it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        with output.open("wb") as stream:
            os.dup2(stream.fileno(), sys.stdout.fileno())
            os.dup2(stream.fileno(), sys.stderr.fileno())
        points = Points(last, file)
        HTTPConnection.request = points.sending(HTTPConnection.request)  # type: ignore[method-assign]
        HTTPConnection.getresponse = points.answered(HTTPConnection.getresponse)  # type: ignore[method-assign]
        with observed_disk(points.before_change):
            code = main(words)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def serve(file: Path) -> None:
    """Carry out the runs that standard input asks for.

    :param file: where the points of a run are left
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    output = file.with_suffix(".output")
    for line in sys.stdin:
        last, words = json.loads(line)
        file.write_text("")
        code = _run(last, words, file, output)
        answers.write(json.dumps([code, file.read_text().splitlines(), output.read_text()]) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
