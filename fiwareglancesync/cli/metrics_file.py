"""The metrics of runs as a file for the textfile collector of Prometheus' node exporter (sync 1.4, ``metrics_file``).

The file has what each region was like after the last run that included it: a run for some regions replaces their
metrics alone, and a synchronisation does not replace those of a status.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ..base.errors import GlanceSyncError
from ..base.file_replacement import replace_file
from ..images.execution.outcome import RegionOutcome
from ..images.model import SyncStatus
from ..terminal.textfile_metrics import Gauge, Sample, label_text, metrics_text, real_path

METRICS: Mapping[str, Gauge] = {
    "glancesync_last_run_timestamp_seconds": Gauge("When the last run ended", ("mode",)),
    "glancesync_last_run_duration_seconds": Gauge("How long the last run took", ("mode",)),
    "glancesync_last_run_exit_code": Gauge("The exit code of the last run", ("mode",)),
    "glancesync_last_run_regions": Gauge("Regions of the last run", ("mode",)),
    "glancesync_last_run_failed_regions": Gauge("Regions of the last run that failed, or an image of them", ("mode",)),
    "glancesync_region_last_run_timestamp_seconds": Gauge("When a run last included the region", ("mode", "region")),
    "glancesync_region_last_success_timestamp_seconds": Gauge(
        "When a run last ended in which neither the region nor an image of it failed", ("mode", "region"),
    ),
    "glancesync_region_failed": Gauge("1 if the region failed in its last run, else 0", ("mode", "region")),
    "glancesync_failed_images": Gauge("Images of the region that failed in its last run", ("mode", "region")),
    "glancesync_pending_bytes": Gauge("Bytes that were still to be moved after its last run", ("mode", "region")),
    "glancesync_moved_bytes": Gauge("Bytes that its last run moved", ("mode", "region")),
    "glancesync_images": Gauge("Images to be synchronised, after its last run", ("mode", "region", "status")),
}  # fmt: skip
"""Name of each metric, all of them gauges: its help and its labels."""

LAST_SUCCESS = "glancesync_region_last_success_timestamp_seconds"
BEGINNING = b"# HELP glancesync_"
"""How a file of this program begins."""

LOCK_SECONDS = 10.0
"""Seconds to wait for other runs that write the file: each takes milliseconds, but any program may lock a folder."""

LOCK_CHECK_SECONDS = 0.05

Samples = dict[tuple[str, tuple[str, ...]], float]
"""Name and values of the labels of each metric → its value."""


class MetricsFile:
    """Collects what a run comes to, and writes it at the end.

    :param path: the file
    :param mode: what the run does: the value of the label ``mode``
    :param lock_seconds: how long other runs are waited for at most
    """

    def __init__(self, path: Path, mode: str, lock_seconds: float = LOCK_SECONDS) -> None:
        self._path = path
        self._mode = mode
        self._lock_seconds = lock_seconds
        self._started = time.monotonic()
        self._samples: Samples = {}
        self._regions: set[str] = set()
        self._failed = 0

    def take(self, outcome: RegionOutcome) -> None:
        """Take what came of a region; nothing of the outcome is kept."""
        region = label_text(outcome.region)
        self._regions.add(region)
        self._failed += outcome.failed
        of_region = {
            "glancesync_region_last_run_timestamp_seconds": time.time(),
            "glancesync_region_failed": outcome.error is not None,
            "glancesync_failed_images": outcome.failures,
        }
        if not outcome.failed:
            of_region[LAST_SUCCESS] = time.time()
        if outcome.statuses or outcome.error is None:
            of_region["glancesync_moved_bytes"] = outcome.bytes_moved
            of_region["glancesync_pending_bytes"] = outcome.pending_bytes - outcome.bytes_moved
            counts = Counter(statuses_after(outcome))
            for status in SyncStatus:
                self._samples["glancesync_images", (self._mode, region, status.value)] = counts[status]
        for name, value in of_region.items():
            self._samples[name, (self._mode, region)] = value

    def write(self, exit_code: int) -> None:
        """Write the file, with what it has of other regions and of the other mode.

        :param exit_code: of the run
        :raises GlanceSyncError: it cannot be written, or it is no file of this program
        """
        of_run = {
            "glancesync_last_run_timestamp_seconds": time.time(),
            "glancesync_last_run_duration_seconds": time.monotonic() - self._started,
            "glancesync_last_run_exit_code": exit_code,
            "glancesync_last_run_regions": len(self._regions),
            "glancesync_last_run_failed_regions": self._failed,
        }
        self._samples |= {(name, (self._mode,)): value for name, value in of_run.items()}
        try:
            path = real_path(self._path, "metrics_file")
            with _locked(path.parent, self._lock_seconds):
                samples = {**self._kept(_read(path)), **self._samples}
                replace_file(path, metrics_text(METRICS, (Sample(*key, value) for key, value in samples.items())))
        except OSError as error:
            raise GlanceSyncError(f"metrics_file: {self._path} cannot be written: {error.strerror}") from error

    def _kept(self, samples: Samples) -> Samples:
        """The samples of the file that this run says nothing about."""

        def is_kept(name: str, labels: tuple[str, ...]) -> bool:
            mode, region = (*labels, "")[:2]
            return mode != self._mode or region not in self._regions or name == LAST_SUCCESS

        return {key: value for key, value in samples.items() if is_kept(*key)}


def statuses_after(outcome: RegionOutcome) -> Iterator[SyncStatus]:
    """The status of each image after a run: what was done without an error is ``ok``.

    :param outcome: what came of a region; after a status nothing was done
    """
    failed = {image.image for image in outcome.images if image.error is not None}
    done = {image.image for image in outcome.images} - failed
    for name, status in outcome.statuses:
        yield SyncStatus.OK if status.pending and name in done else status


def _read(path: Path) -> Samples:
    """The samples of an earlier file; none when there is none.

    :raises GlanceSyncError: it is no file of this program
    """
    from prometheus_client.parser import text_string_to_metric_families

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return {}
    with open(descriptor, "rb") as file:
        content = file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else b"no file"
    if content and not content.startswith(BEGINNING):
        raise GlanceSyncError(f"metrics_file: {path} has other content than metrics of glancesync; it is not replaced")
    samples: Samples = {}
    try:
        for family in text_string_to_metric_families(content.decode()):
            if family.name in METRICS:
                names = METRICS[family.name].labels
                for sample in family.samples:
                    samples[family.name, tuple(sample.labels[name] for name in names)] = sample.value
    except (ValueError, KeyError):  # damaged, or of another version: what cannot be read is left out
        pass
    return samples


@contextmanager
def _locked(folder: Path, seconds: float) -> Iterator[None]:
    """Keep two runs that end at the same time from losing what the other one writes.

    :raises GlanceSyncError: another program locks the folder for longer
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a file system without locks
            _lock(descriptor, folder, time.monotonic() + seconds)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path, end: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= end:
                why = f"another program holds a lock on the folder {folder}"
                raise GlanceSyncError(f"metrics_file: the metrics are not written: {why}") from error
            time.sleep(LOCK_CHECK_SECONDS)
        else:
            return
