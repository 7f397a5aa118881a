"""Section ``[snapshots]`` of the configuration, and what it means (snapshots 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from ..base.errors import ConfigError
from ..config.option_tables import Option, SectionTable
from ..config.reader import Configuration, without_empty
from ..config.values import BOOLEAN, DURATION, FILE, PAIRS, POSITIVE, TEXT, TIMEOUT, TIMEZONE, WHOLE, Kind
from .execution.run_limits import RunLimits
from .planning.excess_plan import RemovalLimits
from .planning.volume_images import Pools
from .schedule.snapshot_spec import Spec, Times
from .schedule.spec_reader import EXAMPLE, read_spec

SECTION = "snapshots"
"""The name of the section."""

MINUTES_OF_HOUR = 60
DAY_SECONDS = 86400

MOST_SPREAD_SECONDS = 3600
"""Slots are an hour apart at least."""

_RATIO = re.compile(r"[01](?:\.[0-9]{1,6})?")

GENERAL_SPEC = Spec(5, frozenset(range(5)), frozenset({6, 11, 15, 19}))
"""The general spec where the configuration has no other: 5@mon-fri@6,11,15,19."""


def _minute(text: str) -> int:
    minute = int(WHOLE.parse(text))
    if minute >= MINUTES_OF_HOUR:
        raise ValueError(text)
    return minute


def _spec(text: str) -> Spec:
    found = read_spec(text)
    if found.spec is None:
        mistakes = "; ".join(f"character {mistake.offset + 1}: {mistake.text}" for mistake in found.mistakes)
        raise ConfigError(mistakes)
    return found.spec


def _ratio(text: str) -> float:
    ratio = float(text) if _RATIO.fullmatch(text) else 0.0
    if not 0 < ratio <= 1:
        raise ValueError(text)
    return ratio


def _keep(text: str) -> int:
    return 0 if text == "0" else int(DURATION.parse(text))


def _spread(text: str) -> int:
    seconds = _keep(text)
    if seconds > MOST_SPREAD_SECONDS:
        raise ValueError(text)
    return seconds


KEEP = Kind("a time such as 30d, or 0 for ever", _keep)
MINUTE = Kind("a minute from 0 to 59", _minute)
SPEC = Kind(f"a spec such as {EXAMPLE}", _spec)

SPREAD = Kind("a time such as 10min, from 0 to 1h", _spread)
RATIO = Kind("a part such as 0.85, more than 0 and at most 1", _ratio)

SNAPSHOT_OPTIONS: tuple[Option, ...] = (
    Option("schedule_file", FILE, "The file that says of which servers snapshots are made, how many and when."),
    Option("server_list", FILE, "The file with the servers and their volumes."),
    Option(
        "general",
        SPEC,
        "The spec of servers that the schedule file does not name. It has effect with general_snapshots.",
    ),
    Option("general_snapshots", BOOLEAN, "Whether servers that the schedule file does not name have the general spec."),
    Option(
        "honour_metadata",
        BOOLEAN,
        "Whether a server that the schedule file does not name is left out of the general spec when its metadata say "
        "snapshots=off. Its project can write that.",
    ),
    Option("minute", MINUTE, "The minute of the hour at which snapshots of the schedule file are made."),
    Option("general_minute", MINUTE, "The minute of the hour at which snapshots of the general spec are made."),
    Option("timezone", TIMEZONE, "The time zone in which days and hours are meant.", sample="Europe/Madrid"),
    Option("misfire_grace", DURATION, "How much later than its time a snapshot may be made at most."),
    Option(
        "spread",
        SPREAD,
        "The time within which snapshots that are due together are made: each server has an offset, always the same.",
    ),
    Option("log_file", FILE, "The log of the daemon."),
    Option("ceph_conf", FILE, "The configuration of Ceph, with the addresses of its monitors."),
    Option("ceph_user", TEXT, "The user of Ceph that makes and removes snapshots, without client."),
    Option("ceph_pool", TEXT, "The pool with the images of volumes."),
    Option(
        "backend_pools",
        PAIRS,
        "The pools of the backends of Cinder whose images are in another one than ceph_pool. A backend is named as "
        "Cinder shows the host of a volume, with or without #pool, or by its part after @.",
        sample="ssd=volumes-ssd, node1@archive=volumes-archive",
        default="none",
    ),
    Option(
        "vms_pool",
        TEXT,
        "The pool in which Nova has the own disks of servers (ID_disk). Without it, nothing is made of these.",
        sample="vms",
        default="none",
    ),
    Option("ceph_timeout", TIMEOUT, "How long a request to Ceph may take."),
    Option("max_parallel", POSITIVE, "How many requests are sent to Ceph at once."),
    Option("stop_ratio", RATIO, "How full the cluster or the pool may be: from this part on no snapshot is made."),
    Option(
        "max_deletions",
        POSITIVE,
        "How many excess snapshots one run removes at most; when there are more, none is removed until run --prune.",
    ),
    Option(
        "orphan_keep",
        KEEP,
        "How long snapshots are kept that no spec of the schedule covers any more. 0 means for ever.",
    ),
    Option(
        "deleted_keep",
        DURATION,
        "How long the snapshots of a volume are kept that was deleted, as they hold its space.",
    ),
    Option("inventory_period", DURATION, "How often servers and volumes are listed."),
    Option(
        "region",
        TEXT,
        "The region whose Nova and Cinder list servers and volumes; with the prefix of its target (target:region) when "
        "it is not one of the master target. Without it, the region of the account.",
        sample="Spain",
        default="that of the account",
    ),
)


@dataclass(frozen=True, slots=True)
class SnapshotSettings:
    """What section ``[snapshots]`` says; the fields are its keys.

    :param schedule_file: path
    :param server_list: path
    :param misfire_grace: seconds
    :param spread: seconds
    :param log_file: path
    :param ceph_conf: path
    :param backend_pools: backend → pool
    :param vms_pool: "" for none
    :param ceph_timeout: seconds
    :param orphan_keep: seconds, 0 for ever
    :param deleted_keep: seconds
    :param inventory_period: seconds
    :param region: as the configuration names it, "" for that of the account
    """

    schedule_file: str = "/var/lib/snapmanager/snap_sched.yml"
    server_list: str = "/var/lib/snapmanager/server_list.txt"
    general: Spec = GENERAL_SPEC
    general_snapshots: bool = False
    honour_metadata: bool = False
    minute: int = 0
    general_minute: int = 15
    timezone: str = "UTC"
    misfire_grace: int = 6 * 3600
    spread: int = 0
    log_file: str = "/var/log/snapmanager.log"
    ceph_conf: str = "/etc/ceph/ceph.conf"
    ceph_user: str = "snapmanager"
    ceph_pool: str = "volumes"
    backend_pools: tuple[tuple[str, str], ...] = ()
    vms_pool: str = ""
    ceph_timeout: int = 30
    max_parallel: int = 4
    stop_ratio: float = 0.85
    max_deletions: int = 200
    orphan_keep: int = 30 * DAY_SECONDS
    deleted_keep: int = DAY_SECONDS
    inventory_period: int = 3 * 3600
    region: str = ""

    @property
    def longest_request(self) -> int:
        """Seconds after which a request hangs that has not returned; it may need several operations (snapshots 4.7)."""
        return 3 * self.ceph_timeout

    @property
    def limits(self) -> RunLimits:
        """What limits a run."""
        keep = timedelta(seconds=self.orphan_keep), timedelta(seconds=self.deleted_keep)
        return RunLimits(self.max_parallel, self.stop_ratio, RemovalLimits(*keep, self.max_deletions))

    @property
    def pools(self) -> Pools:
        """The pools with images."""
        return Pools(self.ceph_pool, dict(self.backend_pools), self.vms_pool)

    @property
    def times(self) -> Times:
        """How specs are meant."""
        return Times(self.minute, self.general_minute, self.timezone)

    @property
    def lateness(self) -> timedelta:
        """How much later than its time a copy may be made at most."""
        return timedelta(seconds=self.misfire_grace)

    @property
    def spread_time(self) -> timedelta:
        """Within which the copies of one time are distributed."""
        return timedelta(seconds=self.spread)

    @property
    def general_spec(self) -> Spec | None:
        """The spec of servers that the schedule file does not name, None for none."""
        return self.general if self.general_snapshots else None


def snapshots_section() -> SectionTable:
    """The options of section ``[snapshots]``."""
    text = "Snapshots of the volumes of servers in Ceph: by which file, and when."
    defaults = SnapshotSettings()
    values = {option.key: getattr(defaults, option.key) for option in SNAPSHOT_OPTIONS}
    return SectionTable(text, SNAPSHOT_OPTIONS, values)


def read_snapshot_settings(configuration: Configuration) -> SnapshotSettings:
    """The settings of snapshots.

    :param configuration: that has been read without problems
    """
    return SnapshotSettings(**without_empty(configuration.section(SECTION).rules))
