"""Workers, a queue and a federation of a test's own, in which every write is seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from fiwareglancesync.api.app import create_app
from fiwareglancesync.base.database import open_engine
from fiwareglancesync.images.configuration import load_settings
from fiwareglancesync.images.federation_name import federation_of
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation
from fiwareglancesync.jobs.celery_queue import MAX_QUEUE_SECONDS, CeleryExecutor, make_queue
from fiwareglancesync.jobs.store import TaskStore
from fiwareglancesync.jobs.tasks import Task, TaskStatus
from fiwareglancesync.kinds import option_tables
from tests.support.builders import master_image
from tests.support.conditions import PATIENCE, wait_for
from tests.support.jobs import sync_of
from tests.support.server import ROOT, database_in, embedded_environment

SLOW_MOTION = Path(__file__).resolve().parent / "slow_motion"
LIMIT = 3600.0
OWNER = "oursid"
"""The project of the tenant that ``embedded_environment`` configures."""

SLOTS = 2
"""Tasks that a worker does at once."""


@dataclass(frozen=True)
class Write:
    """A line of what the processes wrote to the regions; ``hold`` means that one is about to."""

    process: int
    region: str
    kind: str
    image: str


@dataclass
class Worker:
    """A worker's process, leader of a group of its own.

    :param out: where what it says goes
    """

    process: subprocess.Popen[bytes]
    out: Path

    def slots(self) -> set[int]:
        """The processes that wait for the processes of tasks."""
        folders = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return {int(word) for children in folders for word in children.read_text().split()}

    def is_ancestor_of(self, process: int) -> bool:
        """Whether the process of a task was started by this worker."""
        return parent_of(process) in self.slots()

    def is_settled(self) -> bool:
        """Whether it takes tasks, or has ended."""
        return " ready." in self.said() or self.process.poll() is not None

    def said(self) -> str:
        """What it has written so far."""
        return self.out.read_text()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for its end; its exit code."""
        return self.process.wait(PATIENCE)

    def dismiss(self) -> None:
        """End it and its slots, if it still runs."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


@dataclass
class Workshop:
    """Where workers do the tasks of an embedded federation.

    :param environ: the environment of its programs
    :param hold: while this file is there, nobody gives an image its content
    """

    environ: Mapping[str, str]
    store: TaskStore
    executor: CeleryExecutor
    folder: Path
    hold: Path
    regions: list[str]
    workers: list[Worker] = field(default_factory=list)

    def employ(self) -> Worker:
        """Start a worker, and see it begin."""
        out = self.folder / f"worker{len(self.workers)}.out"
        command = [sys.executable, str(ROOT / "fiwareglancesync" / "sync.py"), "worker", "--concurrency", str(SLOTS)]
        with out.open("wb") as file:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        worker = Worker(process, out)
        self.workers.append(worker)
        return worker

    def ready(self, *workers: Worker) -> None:
        """Wait until workers take tasks."""
        for worker in workers:
            wait_for(worker.is_settled, "a worker")
            assert worker.process.poll() is None, worker.said()

    def ask(self, region: str) -> str:
        """Make a task and hand it over; its id."""
        task, made = self.store.create(sync_of(region))
        assert made
        self.executor.start(task.id)
        return task.id

    def task(self, task_id: str) -> Task:
        """A task as it stands."""
        found = self.store.by_id(task_id)
        assert found is not None
        return found

    def ended(self, task_id: str, patience: float = PATIENCE) -> Task:
        """A task, once it has ended."""
        wait_for(lambda: self.task(task_id).status is not TaskStatus.SYNCING, "the end of a task", patience)
        return self.task(task_id)

    def writes(self) -> list[Write]:
        """What was written to the regions so far, in order."""
        with suppress(FileNotFoundError):
            words = [line.split() for line in Path(self.environ["SLOW_MOTION_WRITES"]).read_text().splitlines()]
            return [Write(int(process), region, kind, image) for process, region, kind, image in words]
        return []

    def held(self, region: str | None = None) -> list[Write]:
        """Where processes were held, in all regions or one."""
        return [write for write in self.writes() if write.kind == "hold" and region in (None, write.region)]

    def content(self, region: str) -> list[tuple[str, str, str | None]]:
        """The images of a region: name, state and checksum of each, half-made ones too."""
        settings = load_settings(None, [], dict(self.environ), option_tables(), mock=True)
        federation = EmbeddedFederation(self.folder / "federation", settings)
        return sorted((image.name, image.status, image.checksum) for image in federation.images(region))

    def twice(self) -> list[tuple[str, str, str]]:
        """The writes that were made more than once: region, kind and image."""
        done = Counter((write.region, write.kind, write.image) for write in self.writes())
        return [write for write, count in done.items() if count > 1 and write[1] in ("create", "adopt")]


@contextmanager
def workshop(folder: Path, broker: str, regions: int, images: int = 2) -> Iterator[Workshop]:
    """A federation of regions that lack all images, and the queue; workers are ended when it closes.

    :param folder: an empty one
    :param broker: URL of a Redis
    :param regions: how many there are beside the master
    :param images: of the master
    """
    names = [f"Region{number:02}" for number in range(regions)]
    made = [
        master_image(f"image-{number}", f"content-{number}", size=number + 1, owner=OWNER) for number in range(images)
    ]
    environ = embedded_environment(folder, {"Spain": made, **{name: [] for name in names}})
    hold = folder / "hold"
    environ |= {
        "GLANCESYNC_EXECUTOR": "celery",
        "GLANCESYNC_BROKER_URL": broker,
        "PYTHONPATH": os.pathsep.join([str(SLOW_MOTION), str(ROOT)]),
        "SLOW_MOTION_WRITES": str(folder / "writes"),
        "SLOW_MOTION_HOLD": str(hold),
    }
    create_app(environ, background=False)
    settings = load_settings(None, [], environ, option_tables(), mock=True)
    queue = make_queue(broker, LIMIT, federation_of(settings, environ))
    store = TaskStore(open_engine(database_in(folder)), MAX_QUEUE_SECONDS)
    found = Workshop(environ, store, CeleryExecutor(queue), folder, hold, names)
    try:
        yield found
    finally:
        hold.unlink(missing_ok=True)
        for worker in found.workers:
            worker.dismiss()
        for write in found.writes():
            with suppress(ProcessLookupError):
                os.kill(write.process, signal.SIGKILL)
        queue.close()


def parent_of(process: int) -> int:
    """The number of a process' parent."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
