"""``glancesync volumes status``, ``check`` and ``report`` (volumes 1)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from ..base.errors import GlanceSyncError, UsageError
from ..base.text import printable
from ..terminal.backup_tables import status_rows, write_statuses
from ..terminal.streams import write_line
from ..terminal.textfile_metrics import Gauge, Sample, write_metrics
from ..volumes.digest import whole_page
from ..volumes.digest_file import write_digest
from ..volumes.digest_reporter import digest_of, with_quotas
from ..volumes.digest_text import digest_text
from ..volumes.volume_database import open_existing_database
from ..volumes.volume_region import VolumeRegion
from ..volumes.volume_status import Protection
from ..volumes.volume_survey import Severity, VolumeSurvey, survey
from .time_option import read_time
from .volumes_opening import open_configuration, open_volumes

VOLUMES, AGE, UNPROTECTED, READ = (
    f"glancesync_volumes{end}" for end in ("", "_oldest_good_backup_seconds", "_unprotected_servers", "_checked_at")
)

GAUGES = {
    VOLUMES: Gauge("Volumes of marked servers, by how well they are protected.", ("region", "verdict")),
    AGE: Gauge("Age of the oldest of the last good backups of all volumes.", ("region",)),
    UNPROTECTED: Gauge("Servers without the mark.", ("region",)),
    READ: Gauge("When this was read, in seconds since the epoch.", ("region",)),
}


def print_status(options: argparse.Namespace) -> int:
    """Print how well each volume is protected.

    :param options: the parsed command line
    :return: the exit code
    """
    found = _survey(open_volumes(open_configuration(options)))
    write_statuses(status_rows(found), options.format, sys.stdout)
    for text in found.problems:
        write_line(sys.stderr, f"WARNING:{printable(text)}")
    return 1 if options.exit_code and not found.is_well else 0


def check(options: argparse.Namespace) -> int:
    """Print in one line how well the volumes are protected.

    :param options: the parsed command line
    :return: the exit code of a plugin of Nagios
    """
    try:
        if options.metrics_file and not options.metrics_file.endswith(".prom"):
            raise UsageError(f"--metrics-file {options.metrics_file}: the collector reads only names that end in .prom")
        region = open_volumes(open_configuration(options))
        found = _survey(region)
        if options.metrics_file:
            samples = _samples(region.cloud.region, found)
            write_metrics(Path(options.metrics_file), GAUGES, samples, "--metrics-file")
    except (GlanceSyncError, OSError) as error:
        text = "; ".join(str(error).splitlines()).replace("|", "/")
        write_line(sys.stdout, printable(f"VOLUMES {Severity.UNKNOWN.name} - {text}"))
        return Severity.UNKNOWN.value
    counts = [f"{found.counts[each]} {each.value}" for each in Protection if found.counts[each]]
    text = "; ".join((*found.problems, f"{len(found.volumes)} volumes: {', '.join(counts) or 'none is marked'}"))
    data = [f"{each.value}={found.counts[each]}" for each in Protection]
    oldest = found.oldest()
    data += [] if oldest is None else [f"oldest={oldest:.0f}s"]
    data.append(f"unprotected={len(found.unprotected)}")
    write_line(sys.stdout, printable(f"VOLUMES {found.severity.name} - {text.replace('|', '/')} | {' '.join(data)}"))
    return found.severity.value


def report(options: argparse.Namespace) -> int:
    """Write what a digest says of the time until now, as text, or as HTML into a file.

    :param options: the parsed command line
    :return: the exit code
    """
    configuration = open_configuration(options)
    engine = open_existing_database(configuration.database)
    if engine is None:
        raise UsageError("nothing is recorded yet; glancesync volumes run does the first cycle")
    region = open_volumes(configuration, engine)
    now = region.clock.now()
    usual = now - timedelta(seconds=region.settings.report_period)
    since = usual if options.since is None else read_time(options.since, "--since")
    digest = digest_of(engine, region.cloud.region, region.settings, since, now)
    page = whole_page(with_quotas(digest, region.cloud.quota))
    if options.out is None:
        sys.stdout.write(digest_text(page))
    else:
        write_digest(page, Path(options.out))
    return 0


def _survey(region: VolumeRegion) -> VolumeSurvey:
    return survey(region.inventory(), list(region.store.records()), region.settings, region.clock.now())


def _samples(region: str, found: VolumeSurvey) -> Iterator[Sample]:
    for verdict in Protection:
        yield Sample(VOLUMES, (region, verdict.value), found.counts[verdict])
    oldest = found.oldest()
    if oldest is not None:
        yield Sample(AGE, (region,), oldest)
    yield Sample(UNPROTECTED, (region,), len(found.unprotected))
    yield Sample(READ, (region,), found.moment.timestamp())
