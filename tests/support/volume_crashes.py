"""Automated backups on real Cinder, whose conductors are killed, and what holds afterwards."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.volumes.state.volume_store import VolumeStore
from fiwareglancesync.volumes.volume_model import BackupRecord, RecordState

from .databases import at_revision
from .server import ROOT
from .volume_clouds import VolumeCloud

SCRIPT = ROOT / "tests" / "support" / "killed_volumes.py"
REGION = "Spain"
RUN_SECONDS = 300.0
END_SECONDS = 180.0
GOOD = RecordState.GOOD
TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")
MANY = "20"


def line_of(record: BackupRecord) -> str:
    """What a user reads about a backup that has not become a good one."""
    name = f"{record.project_name}: {record.server_name}/{record.volume_name}"
    return f"ERROR:{name}: no backup. Cause: {record.reason}"


@dataclass
class Conductor:
    """A conductor in a process of its own.

    :param log: what it has written
    """

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    @property
    def lines(self) -> Sequence[str]:
        """What it has written, without the time."""
        return [TIME.sub("", line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def end(self, number: int = signal.SIGTERM) -> None:
        """Have it end, by a signal."""
        self.process.send_signal(number)
        self.process.wait(END_SECONDS)


@dataclass
class CrashBench:
    """A project with volumes in a server, the account that backs them up, and the database of its conductors.

    :param database: URL
    :param settings: of section ``[volumes]``, beside the ones that a bench needs
    """

    world: VolumeCloud
    folder: Path
    database: str
    settings: dict[str, str] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)
    _runs: int = 0

    def add_volumes(self, *names: str) -> list[str]:
        """Make volumes of a server with the mark of this bench; their ids."""
        operator, alice = self.world.operator, self.world.alice
        made = [operator.new_volume(alice, name) for name in names]
        operator.new_server(alice, *made, **{self.mark: "true"})
        self.volumes += made
        return made

    def use(self, database: str) -> None:
        """Have the conductors use an empty database.

        :param database: its URL
        """
        at_revision(database, "head", str(self.folder))
        self.database = database

    @property
    def mark(self) -> str:
        """The metadata item of servers that are backed up: no other servers of the cloud are."""
        return f"backup-{self.world.tenant}"

    def run(self, *words: str, point: str = "0") -> subprocess.CompletedProcess[str]:
        """Call ``volumes run``, and kill it at a point."""
        return self.call("run", *words, point=point)

    def call(self, verb: str, *words: str, point: str = "0") -> subprocess.CompletedProcess[str]:
        """Call a verb of ``volumes``, and kill it at a point."""
        command = self._command(verb, *words, point=point)
        return subprocess.run(
            command, env=self._environment(), capture_output=True, text=True, timeout=RUN_SECONDS, check=False
        )

    def killed(self, *words: str, point: str) -> bool:
        """Call ``volumes run`` and kill it at a point; whether there was such a point."""
        done = self.run(*words, point=point)
        assert done.returncode in (-signal.SIGKILL, 0, 1), done.stderr
        return done.returncode == -signal.SIGKILL

    @contextmanager
    def conductor(self, ahead: float = 0.0) -> Iterator[Conductor]:
        """A conductor, killed at the end if it still runs.

        :param ahead: seconds that its clock is ahead
        """
        log = self.folder / f"conductor-{self._runs}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                self._command("conductor", ahead=ahead), env=self._environment(), stdin=subprocess.DEVNULL,
                stdout=file, stderr=file,
            )  # fmt: skip
        try:
            yield Conductor(process, log)
        finally:
            process.kill()
            process.wait()

    def records(self) -> list[BackupRecord]:
        """The records, the oldest due time first."""
        engine = self._engine()
        try:
            return sorted(VolumeStore(engine, REGION).records(), key=lambda record: (record.due, record.volume_id))
        finally:
            engine.dispose()

    def good(self, volume: str) -> list[BackupRecord]:
        """The records of a volume's good backups, the oldest due time first."""
        return [record for record in self.records() if record.state is GOOD and record.volume_id == volume]

    def backups(self) -> dict[str, dict[str, Any]]:
        """The backups of the account that Cinder has, by id."""
        path = f"/backups/detail?all_tenants=1&user_id={self.world.account.id}"
        found = self.world.operator.ask("block-storage", "GET", path)["backups"]
        return {backup["id"]: backup for backup in found}

    def unfinished(self, *_: object) -> list[BackupRecord]:
        """The records of which an outcome is to be found out."""
        return [record for record in self.records() if record.is_unfinished]

    def check(self) -> None:
        """What holds once nothing is being done: each backup is recorded, once, and each record has its backup."""
        records, backups = self.records(), self.backups()
        assert [record for record in records if record.state.is_open] == [], "a record is open"
        of_backups = Counter(record.backup_id for record in records if record.backup_id)
        assert set(backups) <= set(of_backups), "a backup is not recorded"
        assert set(of_backups.values()) <= {1}, "two records have one backup"
        assert set(Counter((record.volume_id, record.due) for record in records).values()) <= {1}
        good = {record.backup_id for record in records if record.state is GOOD}
        assert {id for id in good if id in backups} == good, "a good backup is gone"
        assert {backups[str(id)]["status"] for id in good} <= {"available"}
        reasons = [record.reason for record in records if record.state in (RecordState.FAILED, RecordState.LOST)]
        assert all(reasons)
        assert not [reason for reason in reasons if "\n" in reason]

    def _engine(self) -> Engine:
        return open_engine(self.database)

    def _command(self, verb: str, *words: str, point: str = "0", ahead: float = 0.0) -> list[str]:
        self._runs += 1
        usual = {
            "backup_metadata_key": self.mark, "max_running": MANY, "max_running_per_project": MANY,
            "max_running_per_host": MANY,
        }  # fmt: skip
        settings = [f"volumes.{key}={value}" for key, value in (usual | self.settings).items()]
        settings.append(f"main.database={self.database}")
        passed = str(self.folder / f"points-{self._runs}")
        return [
            sys.executable, str(SCRIPT), point, passed, str(ahead), "volumes", verb, *words,
            *(word for each in settings for word in ("--config", each)),
        ]  # fmt: skip

    def _environment(self) -> dict[str, str]:
        account = self.world.account
        return {
            "PATH": str(Path(sys.executable).parent),
            "HOME": str(self.folder),
            "NO_PROXY": "127.0.0.1,localhost",
            "OS_AUTH_URL": self.world.operator.auth_url,
            "OS_USERNAME": account.name,
            "OS_PASSWORD": account.password,
            "OS_PROJECT_ID": account.project,
            "OS_USER_DOMAIN_ID": "default",
            "OS_REGION_NAME": REGION,
        }
