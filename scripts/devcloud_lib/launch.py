"""How a server is started."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devcloud_lib import install, ports
from devcloud_lib.state import Service, write_private

CHUNKED_INPUT_BYTES = 16 * 2**20
SERVER_SIDE = Path(__file__).resolve().parent / "server_side"


@dataclass(frozen=True)
class Launch:
    """How a server is started; its working directory is its folder.

    :param command: program and arguments.
    :param environment: its whole environment.
    :param files: configuration files -> their texts.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    files: Mapping[Path, str]

    @property
    def fingerprint(self) -> str:
        """Changes when the server has to be started anew. The environment has what the caller's has."""
        files = sorted((str(path), text) for path, text in self.files.items())
        paths = sorted([*SERVER_SIDE.glob("*.py"), *(SERVER_SIDE / "bin").iterdir()])
        code = [path.read_text(encoding="utf-8") for path in paths]
        return hashlib.sha256(repr([files, code, list(self.command)]).encode()).hexdigest()

    def write_files(self) -> None:
        """Write the configuration."""
        for path, text in self.files.items():
            write_private(path, text)


def uwsgi_command(venv: Path, service: Service, application: str, threads: int) -> list[str]:
    """The command line of a WSGI server.

    It holds no path of the user's but uWSGI's own, for uWSGI expands `%` and `$`.

    :param venv: the virtual environment.
    :param application: the module and the name of the application in it.
    :param threads: how many requests a process serves at once.
    """
    return [
        *install.program(venv, "uwsgi"),
        "--http-socket", f"{ports.HOST}:{service.port}",
        "--module", application,
        "--lazy-apps", "--need-app", "--enable-threads", "--threads", str(threads),
        # By itself one process, so that a server is one pid.
        *(["--master", "--processes", str(service.processes)] if service.processes > 1 else []),
        "--die-on-term",
        # Headers hold tokens and long property values.
        "--buffer-size", "65535",
        # python-glanceclient uploads in chunks of 1 MiB, which uWSGI's own limit does not quite take.
        "--chunked-input-limit", str(CHUNKED_INPUT_BYTES),
        # This socket closes each connection after the answer; clients that do not know this would meet resets.
        "--add-header", "Connection: close",
        # No log file of its own for requests: uWSGI would start a second process to write it.
        "--log-format", "request %(method) %(uri) %(status) at %(ltime), %(msecs) ms",
    ]
