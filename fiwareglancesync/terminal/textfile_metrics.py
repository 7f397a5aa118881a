"""A file of metrics for the textfile collector of Prometheus' node exporter, replaced at once."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import GlanceSyncError
from ..base.file_replacement import replace_file

MAX_LINKS = 40
"""Links that are followed on the way to a file, as Linux does."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A metric.

    :param help: what it is
    :param labels: the names of its labels
    """

    help: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of a metric.

    :param name: of the metric
    :param labels: the values of its labels
    """

    name: str
    labels: tuple[str, ...]
    value: float


def write_metrics(path: Path, gauges: Mapping[str, Gauge], samples: Iterable[Sample], option: str) -> None:
    """Write metrics, in place of those that an earlier call wrote.

    :param gauges: all metrics by name, in their order
    :param option: what named the file, for messages
    :raises GlanceSyncError: the file cannot be written, or has other content
    """
    try:
        target = real_path(path, option)
        if not _is_replaceable(target, f"# HELP {next(iter(gauges))} ".encode()):
            raise GlanceSyncError(f"{option}: {path} has other content than these metrics; it is not replaced")
        replace_file(target, metrics_text(gauges, samples))
    except OSError as error:
        raise GlanceSyncError(f"{option}: {path} cannot be written: {error.strerror}") from error


def real_path(path: Path, option: str) -> Path:
    """The file that a path leads to, without links.

    :param option: what named the path, for messages
    :raises GlanceSyncError: another account has planted a link on the way, where everybody may write
    :raises OSError: a folder on the way cannot be read, or the links have no end
    """
    found, links = Path("/"), 0
    parts = deque((Path.cwd() / path).parts[1:])
    while parts:
        following = found / parts.popleft()
        if following.name == "..":
            found = found.parent
        elif not following.is_symlink():
            found = following
        elif is_planted(following.lstat(), found.stat()):
            raise GlanceSyncError(f"{option}: {following} is a link of another account; it is not followed")
        elif links == MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        else:
            links += 1
            to = Path(os.readlink(following))
            found = Path("/") if to.is_absolute() else found
            parts.extendleft(reversed([part for part in to.parts if part != "/"]))
    return found


def is_planted(link: os.stat_result, folder: os.stat_result) -> bool:
    """Whether anybody may have made a link, as Linux judges with ``protected_symlinks``.

    :param link: the state of the link
    :param folder: of the folder that has it
    """
    return bool(folder.st_mode & stat.S_IWOTH) and link.st_uid not in (0, os.geteuid(), folder.st_uid)


def _is_replaceable(path: Path, beginning: bytes) -> bool:
    """Whether a file is not there, is empty, or begins as these metrics do."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode) and os.read(descriptor, len(beginning)) in (b"", beginning)
    finally:
        os.close(descriptor)


def metrics_text(gauges: Mapping[str, Gauge], samples: Iterable[Sample]) -> bytes:
    """The text of metrics.

    :param gauges: all metrics by name, in their order
    """
    from prometheus_client import generate_latest
    from prometheus_client.core import GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector

    families = {name: GaugeMetricFamily(name, gauge.help, labels=gauge.labels) for name, gauge in gauges.items()}
    for sample in samples:
        families[sample.name].add_metric([label_text(value) for value in sample.labels], sample.value)

    class _Families(Collector):
        """What ``generate_latest`` writes."""

        def collect(self) -> Iterable[Metric]:
            """The metrics in their order."""
            return families.values()

    return generate_latest(_Families())


def label_text(value: str) -> str:
    """The value of a label; UTF-8 has no lone surrogates."""
    return value.encode("utf-8", "backslashreplace").decode()
