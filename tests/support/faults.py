"""The development cloud and the command, as tests of bad input and of faults need them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fiwareglancesync.images.model import JOURNAL, Image
from fiwareglancesync.images.places.embedded.backup_files import write_backup

from .observed_federations import MASTER, OURS, ROOT, ObservedCloud, Seen
from .proxy import Proxy
from .summary import without_summary

PROGRAM = str(ROOT / "fiwareglancesync" / "sync.py")
HASTY = str(ROOT / "tests" / "support" / "hasty.py")
PATIENT = str(ROOT / "tests" / "support" / "patient.py")
EMBEDDED = re.compile("^INFO:Embedded federation .*: OpenStack is not contacted\\.\n", re.MULTILINE)
THROUGH_PROXY = re.compile(r" \(through the proxy [^)]*\)")
"""Seconds after which a condition that was waited for counts as never met."""


def without_proxy(text: str) -> str:
    """A text without the remarks that a request went through a proxy: here it is a tool of the tests.

    :param text: what the program wrote
    """
    return THROUGH_PROXY.sub("", text)


def _written(output: bytes) -> str:
    """What was written but the line that says that a federation is embedded."""
    return without_proxy(EMBEDDED.sub("", output.decode("utf-8", "surrogatepass"), count=1))


@dataclass(frozen=True)
class Result:
    """What a run of the command left behind.

    :param code: exit code
    :param out: standard output, line ends as written
    :param err: standard error without the summary
    :param summary: the summary; "" when there was none
    """

    code: int
    out: str
    err: str
    summary: str = field(default="", compare=False)

    @property
    def errors(self) -> list[str]:
        """The lines that report errors."""
        return [line for line in self.err.splitlines() if line.startswith("ERROR:")]

    @property
    def warnings(self) -> list[str]:
        """The lines that report warnings."""
        return [line for line in self.err.splitlines() if line.startswith("WARNING:")]


class Command:
    """Runs the program as a user would, and demands what holds whatever goes wrong.

    :param environment: variables that lead to a federation
    :param folder: the current folder of the runs
    :param secrets: what no output may hold
    """

    def __init__(self, environment: Mapping[str, str], folder: Path, secrets: Iterable[str] = ()) -> None:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OS_", "GLANCESYNC_"))}
        self._environment = {**inherited, **environment}
        self.folder = folder
        self._secrets = secrets
        self._program: Sequence[str] = (PROGRAM,)

    def hasty(self, **tuning: float) -> Command:
        """The same with less patience; see ``hasty.py``.

        :param tuning: fields of ``Tuning``
        """
        made = copy(self)
        made._program = (HASTY, *(f"{name}={value}" for name, value in tuning.items()), "--")
        return made

    def patient(self) -> Command:
        """The same with more seconds to remove unfinished images after a signal; see ``patient.py``."""
        made = copy(self)
        made._program = (PATIENT,)
        return made

    def __call__(self, *arguments: str, **variables: str) -> Result:
        """Run it to its end."""
        return self.start(*arguments, reader=True, **variables).finish()

    def start(self, *arguments: str, reader: bool = True, **variables: str) -> Running:
        """Begin a run in a session of its own, as a terminal does.

        :param reader: whether somebody reads its output, or has gone already
        """
        process = subprocess.Popen(
            [sys.executable, *self._program, *arguments],
            cwd=self.folder,
            env={**self._environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        if not reader and process.stdout is not None:
            process.stdout.close()
        return Running(process, partial(self._check, detailed="--debug" in arguments))

    def _check(self, result: Result, *, detailed: bool) -> None:
        output = result.out + result.err
        files = [path for path in self.folder.rglob("*.txt") if path.parent.name.startswith("sync_")]
        output += "".join(path.read_text(encoding="utf-8") for path in files)
        assert "internal error" not in output
        for secret in self._secrets:
            assert secret not in output
        if detailed:
            return
        assert "Traceback" not in output
        for line in result.err.splitlines():
            assert re.match("(WARNING|ERROR):.", line), f"no message: {line}"


class Running:
    """A run that goes on."""

    def __init__(self, process: subprocess.Popen[bytes], check: Any) -> None:
        self._process = process
        self._check = check
        self._output: dict[str, bytes] = {}
        self._readers = [threading.Thread(target=self._read, args=(name,)) for name in ("stdout", "stderr")]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """Of the command's own process."""
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Interrupt it as users do: SIGINT reaches all of its processes, another signal the command alone."""
        if number is signal.SIGINT:
            self.interrupt()
        else:
            self.signal(number)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command alone, as ``kill`` does."""
        self._process.send_signal(number)

    def interrupt(self) -> None:
        """Send SIGINT to all of its processes, as Ctrl-C in a terminal does."""
        os.killpg(self._process.pid, signal.SIGINT)

    def kill(self) -> None:
        """Kill all of its processes, as when the machine loses its power."""
        os.killpg(self._process.pid, signal.SIGKILL)

    def ends_within(self, seconds: float) -> bool:
        """Give it some time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def finish(self, patience: float = 300.0) -> Result:
        """Wait for its end.

        :param patience: seconds after which it is killed, and the test has failed
        """
        try:
            code = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise
        for reader in self._readers:
            reader.join()
        result = Result(code, _written(self._output["stdout"]), *without_summary(_written(self._output["stderr"])))
        self._check(result)
        return result

    def processes(self) -> list[int]:
        """All processes of its session that are left."""
        left = []
        for entry in Path("/proc").iterdir():
            try:
                session = (entry / "stat").read_text().rpartition(")")[2].split()[3] if entry.name.isdecimal() else ""
            except OSError:
                continue
            if session == str(self._process.pid):
                left.append(int(entry.name))
        return left

    def _read(self, name: str) -> None:
        stream = getattr(self._process, name)
        self._output[name] = b""
        if not stream.closed:
            with stream:
                self._output[name] = stream.read()


@dataclass(frozen=True)
class Made:
    """An image to be made on real Glance, whatever it takes.

    :param content: its bytes; None leaves it ``queued``
    """

    name: str | None
    content: bytes | None = b"content"
    public: bool = True
    protected: bool = False
    disk_format: str | None = "raw"
    properties: Mapping[str, str] = field(default_factory=dict)


def embedded(folder: Path, regions: Mapping[str, Sequence[Image]], configuration: str) -> Command:
    """An embedded federation, loaded from files, and the program on it.

    :param folder: an empty folder
    :param regions: the images of each region, by its full name
    :param configuration: what the configuration file says
    """
    backup, persistent, current = folder / "before", folder / "federation", folder / "current"
    for region, images in regions.items():
        write_backup(backup, region, images)
    load(backup, persistent)
    current.mkdir()
    file = folder / "glancesync.conf"
    file.write_text(configuration)
    return Command({"GLANCESYNC_MOCKPERSISTENT_PATH": str(persistent), "GLANCESYNC_CONFIG": str(file)}, current)


def load(backup: Path, persistent: Path) -> None:
    """Load files into an embedded federation."""
    command = [sys.executable, str(ROOT / "fiwareglancesync" / "glancesync_serverfacade_mock.py")]
    subprocess.run([*command, "--path", str(persistent), str(backup)], check=True, capture_output=True)


class FaultyCloud(ObservedCloud):
    """The development cloud, behind a proxy where a test wants one.

    :param description: its ``devcloud.json``
    :param folder: where configurations are kept
    """

    def __init__(self, description: Path, folder: Path) -> None:
        super().__init__(description, folder)
        self.store = Path(self._cloud["regions"][MASTER]["store"])
        self.usual_configuration = self._configuration.read_text()

    def command(self, folder: Path, proxy: Proxy | None = None, configuration: str | None = None) -> Command:
        """The program on this cloud.

        :param folder: its current folder
        :param proxy: through which it goes
        :param configuration: what the file says instead of the usual
        """
        environment = self.environment()
        if configuration is not None:
            file = folder / "own.conf"
            file.touch(mode=0o600)
            file.write_text(configuration)
            environment["GLANCESYNC_CONFIG"] = str(file)
        if proxy is not None:
            environment |= {"http_proxy": proxy.address, "no_proxy": "", "NO_PROXY": ""}
        return Command(environment, folder, _Secrets(self._passwords(), proxy))

    def database(self, region: str) -> str:
        """The database of the Glance of a region, a file."""
        file: str = self._cloud["regions"][region]["database"]
        return file

    def forget_hashes(self, region: str, image_id: str) -> None:
        """Make an image one that was there before its Glance computed hashes."""
        with closing(sqlite3.connect(self.database(region), timeout=180)) as connection, connection:
            statement = "UPDATE images SET checksum = NULL, os_hash_algo = NULL, os_hash_value = NULL WHERE id = ?"
            assert connection.execute(statement, (image_id,)).rowcount == 1

    def port(self, region: str) -> int:
        """Where the Glance of a region listens."""
        port: int = self._cloud["regions"][region]["port"]
        return port

    def account(self, name: str, keystone: str = "keystone-a") -> Mapping[str, str]:
        """User, password and project of an account."""
        account: Mapping[str, str] = self._cloud["keystones"][keystone]["accounts"][name]
        return account

    def keystone_url(self, keystone: str = "keystone-a") -> str:
        """The address of a Keystone."""
        url: str = self._cloud["keystones"][keystone]["url"]
        return url

    def hold(self, region: str, *images: Made) -> list[str]:
        """Make a region hold exactly these images; their UUIDs."""
        self.fill(region, [])
        return [self.add(region, image) for image in images]

    def add(self, region: str, image: Made) -> str:
        """Make one more image; its UUID."""
        client = self.client(region, OURS)
        fields: dict[str, Any] = {"container_format": "bare", "disk_format": image.disk_format, **image.properties}
        if image.name is not None:
            fields["name"] = image.name
        fields["visibility"] = "public" if image.public else "private"
        made: str = client.images.create(**fields).id
        if image.content is not None:
            client.images.upload(made, io.BytesIO(image.content))
        if image.protected:
            client.images.update(made, protected=True)
        return made

    def remove(self, region: str, image_id: str) -> None:
        """Have somebody else remove an image."""
        client = self.client(region, OURS)
        client.images.update(image_id, protected=False)
        client.images.delete(image_id)

    def only(self, region: str, name: str) -> Seen:
        """The image of that name, of which there is exactly one."""
        (found,) = [image for image in self.seen(region) if image.name == name]
        return found

    def only_active(self, region: str) -> Seen:
        """The image that can be used, of which there is exactly one."""
        (found,) = [image for image in self.seen(region) if image.status == "active"]
        return found

    def assert_holds(self, region: str, expected: Mapping[str, bytes]) -> None:
        """A region holds exactly these images of ours, active, byte for byte, and nothing unfinished."""
        images = self.seen(region)
        assert sorted(image.name for image in images) == sorted(expected)
        for image in images:
            assert (image.name, image.status) == (image.name, "active")
            assert image.digest == md5(expected[image.name]), image.name
            assert JOURNAL not in image.properties

    def _passwords(self) -> list[str]:
        keystones = self._cloud["keystones"].values()
        plain = [account["password"] for keystone in keystones for account in keystone["accounts"].values()]
        return [*plain, *(base64.b64encode(password.encode()).decode() for password in plain)]


class _Secrets(list[str]):
    """Passwords, and the tokens that a proxy has seen by the time they are looked for."""

    def __init__(self, passwords: Iterable[str], proxy: Proxy | None) -> None:
        super().__init__(passwords)
        self._proxy = proxy

    def __iter__(self) -> Any:
        yield from super().__iter__()
        yield from self._proxy.tokens if self._proxy is not None else ()


def md5(content: bytes) -> str:
    """The checksum that Glance calls by this name."""
    return hashlib.md5(content).hexdigest()


def statuses(result: Result) -> dict[str, Any]:
    """The rows of ``--show-status --format json`` by image."""
    return {row["image"]: row for row in json.loads(result.out)["images"]}
