"""``glancesync volumes status``, ``check`` and ``report`` (volumes 1)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from ..base.errors import UsageError
from ..base.text import one_line
from ..terminal.backup_tables import status_rows, write_statuses
from ..terminal.streams import write_line, write_warnings
from ..terminal.textfile_metrics import Gauge, Sample, write_metrics
from ..volumes.digests.digest import whole_page
from ..volumes.digests.digest_file import write_digest
from ..volumes.digests.digest_reporter import digest_of, with_quotas
from ..volumes.digests.digest_text import digest_text
from ..volumes.drill_model import DrillState
from ..volumes.planning.volume_status import Protection
from ..volumes.planning.volume_survey import VolumeSurvey, survey
from ..volumes.state.drill_store import DrillStore
from ..volumes.volume_region import VolumeRegion
from .check_line import CheckResult, print_check
from .time_option import read_time
from .volumes_opening import open_configuration, open_volumes_to_show

VOLUMES, AGE, UNPROTECTED, HOSTS, COMPLETE, READ, DRILLS, DRILLED = (
    f"glancesync_volumes{end}"
    for end in (
        "", "_oldest_good_backup_seconds", "_unprotected_servers", "_backup_hosts", "_listing_complete", "_checked_at",
        "_by_last_drill", "_last_drill_at",
    )
)  # fmt: skip

GAUGES = {
    VOLUMES: Gauge("Volumes of marked servers, by how well they are protected.", ("region", "verdict")),
    AGE: Gauge("Age of the oldest of the last good backups of all volumes.", ("region",)),
    UNPROTECTED: Gauge("Servers without the mark.", ("region",)),
    DRILLS: Gauge("Volumes of marked servers, by what the last restore drill found.", ("region", "result")),
    DRILLED: Gauge("When the last restore drill ended, in seconds since the epoch.", ("region",)),
    HOSTS: Gauge("Hosts with a service cinder-backup that is up and enabled.", ("region",)),
    COMPLETE: Gauge("1 if everything could be read, 0 if something is missing from the other figures.", ("region",)),
    READ: Gauge("When this was read, in seconds since the epoch.", ("region",)),
}


DRILL_RESULTS = {"good": DrillState.GOOD, "failed": DrillState.FAILED, "never": None}


def print_status(options: argparse.Namespace) -> int:
    """Print how well each volume is protected.

    :param options: the parsed command line
    :return: the exit code
    """
    found = _survey(*open_volumes_to_show(open_configuration(options)))
    write_statuses(status_rows(found), options.format, sys.stdout)
    write_warnings(found.problems)
    return 1 if options.exit_code and not found.is_well else 0


def check(options: argparse.Namespace) -> int:
    """Print in one line how well the volumes are protected.

    :param options: the parsed command line
    :return: the exit code of a plugin of Nagios
    """
    return print_check("VOLUMES", lambda: _check(options))


def _check(options: argparse.Namespace) -> CheckResult:
    region, notes = open_volumes_to_show(open_configuration(options))
    found = _survey(region, notes)
    if options.metrics_file:
        write_metrics(options.metrics_file, GAUGES, _samples(region.cloud.region, found), "--metrics-file")
    counts = [f"{found.counts[each]} {each.value}" for each in Protection if found.counts[each]]
    text = "; ".join((*found.problems, f"{len(found.volumes)} volumes: {', '.join(counts) or 'none is marked'}"))
    data = [f"{each.value}={found.counts[each]}" for each in Protection]
    oldest = found.oldest()
    data += [] if oldest is None else [f"oldest={oldest:.0f}s"]
    data.append(f"unprotected={len(found.unprotected)}")
    data += [f"drill_{name}={found.drills[state]}" for name, state in DRILL_RESULTS.items()]
    return CheckResult(found.severity, text, data)


def report(options: argparse.Namespace) -> int:
    """Write what a digest says of the time until now, as text, or as HTML into a file.

    :param options: the parsed command line
    :return: the exit code
    """
    region, missing = open_volumes_to_show(open_configuration(options))
    if missing:
        raise UsageError(*missing)
    now = region.clock.now()
    usual = now - timedelta(seconds=region.settings.report_period)
    since = usual if options.since is None else read_time(options.since, "--since", is_begin=True)
    if since >= now:
        raise UsageError(f"--since {options.since}: expected a time that has passed")
    digest = digest_of(region.engine, region.cloud.region, region.settings, since, now)
    page = whole_page(with_quotas(digest, region.cloud.quota))
    if options.out is None:
        sys.stdout.write(digest_text(page))
    else:
        write_digest(page, Path(options.out))
        write_line(sys.stderr, f"INFO:{one_line(options.out)} is written")
    return 0


def _survey(region: VolumeRegion, notes: Sequence[str]) -> VolumeSurvey:
    """Judge the volumes.

    :param notes: what somebody has to know besides
    """
    drills = DrillStore(region.engine, region.cloud.region).all()
    records = list(region.store.records())
    found = survey(region.inventory(), records, region.settings, region.clock.now(), drills)
    return replace(found, problems=(*notes, *found.problems))


def _samples(region: str, found: VolumeSurvey) -> Iterator[Sample]:
    for verdict in Protection:
        yield Sample(VOLUMES, (region, verdict.value), found.counts[verdict])
    oldest = found.oldest()
    if oldest is not None:
        yield Sample(AGE, (region,), oldest)
    yield Sample(UNPROTECTED, (region,), len(found.unprotected))
    for name, state in DRILL_RESULTS.items():
        yield Sample(DRILLS, (region, name), found.drills[state])
    last = found.last_drill()
    if last is not None:
        yield Sample(DRILLED, (region,), last.timestamp())
    yield Sample(HOSTS, (region,), len(found.inventory.backup_hosts))
    yield Sample(COMPLETE, (region,), int(not found.inventory.why_incomplete))
    yield Sample(READ, (region,), found.moment.timestamp())
