"""Reads the slave's files by ssh, so that they do not cross the link: only digests do (vms 2.5).

The command on the other machine is always the same, a short line that every shell takes as it is: Python with as many
bytes of standard input as ``volume_files`` has. That text comes first there, and then names as JSON, where nothing
interprets quotes.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Timer
from typing import IO, Any

from ...base.text import one_line
from ...base.units import readable_duration
from ..slave_address import SlaveAddress
from ..vm_errors import SlaveUnreachable
from . import volume_files
from .slave_files import Content, VolumeFiles, Wanted, read_answer

SSH = ("ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=30")
COMMAND = """exec sh -c 'exec python3 -I -c "$(dd bs=1 count={size} 2>/dev/null)"'"""
"""With blocks of one byte ``dd`` reads no more than it is to."""

END_SECONDS = 60.0
SILENT_SECONDS = 600.0
"""Without a line from the other machine; while it reads, one comes every ``BEAT_SECONDS``."""

LONGEST_ANSWER = 2**20
"""Bytes of a line."""

LONGEST_REASON = 2**16
"""Bytes that are read of what ssh and the other machine write on standard error."""

LOCAL = "localhost"
NO_ANSWER = "what comes from there is no answer; see that a login there prints nothing"


@contextmanager
def slave_over_ssh(
    account: str, slave: SlaveAddress, ssh: Sequence[str] = SSH, silent: float = SILENT_SECONDS
) -> Iterator[VolumeFiles]:
    """The files of the slave volume, read on another machine, which has it mounted as long as the connection lasts.

    :param account: ``HOST`` or ``USER@HOST``, as in ``[slave] ssh``
    :param slave: where the volume is; the other machine's own gluster is asked first
    :param ssh: the command and its options
    :param silent: seconds without a line after which the connection is ended
    :raises SlaveUnreachable: there is no connection, or the volume cannot be mounted there
    """
    program = Path(volume_files.__file__).read_bytes()
    words = [*ssh, "--", account, COMMAND.format(size=len(program))]
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        except OSError as error:
            raise SlaveUnreachable(f"{ssh[0]} does not work: {error.strerror}") from error
        files = _SshFiles(process, account, errors, silent)
        try:
            files.begin(program, slave)
            yield files
        finally:
            _end(process)


class _SshFiles:
    """The files of a volume on another machine.

    :param process: ssh
    :param account: for messages
    :param errors: what ssh and the other machine write on standard error
    """

    def __init__(self, process: subprocess.Popen[bytes], account: str, errors: IO[bytes], silent: float) -> None:
        self._process = process
        self._account = account
        self._errors = errors
        self._silent = silent
        self._lock = Lock()

    def begin(self, program: bytes, slave: SlaveAddress) -> None:
        """Say what is run and which volume is meant, and see that it is mounted.

        :param program: Python
        :raises SlaveUnreachable: it is not
        """
        try:
            self._write(program)
            answer = self._answer([[LOCAL, slave.host], slave.volume])
            problem = answer.get("problem", "")
        except AttributeError as error:
            raise SlaveUnreachable(f"{self._account} does not answer by ssh: {NO_ANSWER}") from error
        except (OSError, ValueError) as error:
            raise SlaveUnreachable(f"{self._account} does not answer by ssh: {self._reason(error)}") from error
        if problem:
            raise SlaveUnreachable(f"{self._account}: {one_line(str(problem))}")

    def contents(self, wanted: Sequence[Wanted]) -> Sequence[Content]:
        """What is in some files; after the connection has broken, all others have a problem."""
        return [self._content(each) for each in wanted]

    def stop(self) -> None:
        """End what another thread reads."""
        self._process.kill()

    def _content(self, wanted: Wanted) -> Content:
        request = [wanted.path.parts, wanted.offsets, wanted.is_read]
        try:
            with self._lock:
                answer = self._answer(request)
        except (OSError, ValueError) as error:
            return Content(problem=f"{self._account} does not answer by ssh: {self._reason(error)}")
        return read_answer(answer)

    def _answer(self, request: Any) -> Any:
        """What the other machine answers.

        :raises OSError: the connection has ended
        :raises ValueError: what came is no answer
        """
        self._write(json.dumps(request).encode() + b"\n")
        line = self._line()
        while line == b"\n":
            line = self._line()
        try:
            return json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(NO_ANSWER) from error

    def _write(self, content: bytes) -> None:
        with self._ended_when_silent():
            stdin = self._pipe(self._process.stdin)
            stdin.write(content)
            stdin.flush()

    def _line(self) -> bytes:
        with self._ended_when_silent() as silence:
            line = self._pipe(self._process.stdout).readline(LONGEST_ANSWER)
        if silence.is_set():
            raise OSError(f"nothing came within {readable_duration(self._silent)}")
        if not line:
            raise OSError("the connection has ended")
        return line

    @contextmanager
    def _ended_when_silent(self) -> Iterator[Event]:
        """End the connection if the block lasts too long; the event says whether that was so."""
        silence = Event()

        def end() -> None:
            silence.set()
            self._process.kill()

        timer = Timer(self._silent, end)
        timer.daemon = True
        timer.start()
        try:
            yield silence
        finally:
            timer.cancel()

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None  # noqa: S101 (a pipe was asked for)
        return pipe

    def _reason(self, error: Exception) -> str:
        """The error, and what ssh and the other machine wrote."""
        _end(self._process)
        self._errors.seek(0)
        written = one_line(self._errors.read(LONGEST_REASON).decode("utf-8", "replace"))
        return f"{one_line(str(error))}: {written}" if written else one_line(str(error))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the connection, upon which the other machine unmounts the volume."""
    with suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
