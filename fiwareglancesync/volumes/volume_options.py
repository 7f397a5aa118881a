"""Section ``[volumes]`` of the configuration, and what it means (volumes 2–5)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..base.units import duration
from ..config.option_tables import Option, SectionTable
from ..config.reader import Configuration, without_empty
from ..config.sections import Values
from ..config.values import BOOLEAN, DURATION, POSITIVE, TEXT, TIMEZONE, WHOLE, Kind, split_list
from ..serving.listen_address import read_listen_address
from .policy_clients import AllowedClients
from .volume_model import LONGEST_PERIOD, VolumeSettings

SECTION = "volumes"
"""The name of the section."""

MINUTES_OF_DAY = 1440

_WINDOW = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)


def _period(text: str) -> int:
    seconds = int(DURATION.parse(text))
    if seconds > LONGEST_PERIOD:
        raise ValueError(text)
    return seconds


def _window(text: str) -> tuple[int, int]:
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise ValueError(text)
    opens, closes = (_minute(match[number], match[number + 1]) for number in (1, 3))
    if opens % MINUTES_OF_DAY == closes % MINUTES_OF_DAY:
        raise ValueError(text)
    return opens % MINUTES_OF_DAY, closes % MINUTES_OF_DAY


def _minute(hours: str, minutes: str) -> int:
    """The minute of the day; 24:00 is its end."""
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or minute > MINUTES_OF_DAY:
        raise ValueError(hours)
    return minute


def _listen(text: str) -> str:
    read_listen_address(text)
    return text


def _clients(text: str) -> tuple[str, ...]:
    clients = split_list(text)
    AllowedClients(clients)
    return clients


PERIOD = Kind("a time such as 24h, 1d12h, 2w or 3600 (seconds), more than 0 and at most 100y", _period)
WINDOW = Kind("two different times of the day such as 22:00-06:00", _window)
LISTEN = Kind("HOST:PORT, [ADDRESS]:PORT or unix:PATH", _listen)
CLIENTS = Kind("addresses and networks such as 192.0.2.7, 2001:db8::/64, separated by commas", _clients)

SCHEDULE_OPTIONS: tuple[Option, ...] = (
    Option(
        "region",
        TEXT,
        "The region whose volumes are backed up; with the prefix of its target (target:region) when it is not one of "
        "the master target. Without it, the region of the account.",
        sample="Spain",
        default="that of the account",
    ),
    Option(
        "backup_metadata_key",
        TEXT,
        "The metadata item of servers that says whether their volumes are backed up: true, yes, on or 1. * means all "
        "servers.",
    ),
    Option(
        "skip_metadata_key",
        TEXT,
        "The metadata item of volumes that says, with true, yes, on or 1, that a volume of such a server is left out.",
    ),
    Option(
        "backup_interval",
        PERIOD,
        "How often a volume is backed up, in seconds or with y, mon, w, d, h, min and s, in this order (1d12h), as in "
        "all times below. A server's metadata item backup-interval says another time for its volumes.",
        default="24h",
    ),
    Option(
        "min_interval",
        PERIOD,
        "The shortest interval that a server's metadata may say.",
        default="1h",
    ),
    Option(
        "backup_window",
        WINDOW,
        "The hours of the day in which backups may begin. A volume that is due at another time waits until they begin.",
        sample="22:00-06:00",
        default="always",
    ),
    Option("timezone", TIMEZONE, "The time zone in which backup_window is meant.", sample="Europe/Madrid"),
    Option(
        "cycle",
        PERIOD,
        "How often the conductor looks for volumes that are due and for backups that have ended.",
        default="10min",
    ),
    Option(
        "full_backup_depth",
        WHOLE,
        "How many incremental backups follow each full one; 0 means that every backup is full.",
    ),
    Option("max_running", POSITIVE, "How many backups may run at once."),
    Option("max_running_per_project", POSITIVE, "How many of them in one project."),
    Option("max_running_per_host", POSITIVE, "How many of them for each host with a backup service of Cinder."),
)

RETENTION_OPTIONS: tuple[Option, ...] = (
    Option(
        "retention",
        PERIOD,
        "How long a backup is kept. A server's metadata item backup-retention says another time for its volumes.",
        default="2w",
    ),
    Option("min_retention", PERIOD, "The shortest retention that a server's metadata may say.", default="7d"),
    Option("max_retention", PERIOD, "The longest retention that a server's metadata may say.", default="1y"),
    Option(
        "retention_may_shrink",
        BOOLEAN,
        "Whether a shorter retention also holds for backups that exist; a longer one always does.",
    ),
    Option(
        "keep_at_least",
        WHOLE,
        "How many good backups of a volume are kept although they have expired, as long as the volume exists.",
    ),
    Option(
        "keep_after_deletion",
        PERIOD,
        "How much longer the last good backup of a volume is kept when the volume does not exist any more.",
        default="30d",
    ),
)

EXECUTION_OPTIONS: tuple[Option, ...] = (
    Option(
        "settle",
        PERIOD,
        "How long Cinder may still act on a request that it did not answer; longer than the timeouts of all proxies "
        "between.",
        default="15min",
    ),
    Option(
        "backup_timeout",
        PERIOD,
        "How long a backup may take until it has failed.",
        sample="24h",
        default="12h, or 1h and 1h for each 100 GiB of the volume where that is longer",
    ),
    Option(
        "reconcile",
        PERIOD,
        "How often all backups of the region are listed; in between, only those that matter.",
        default="6h",
    ),
    Option("report_period", PERIOD, "How often a report is sent.", default="24h"),
    Option(
        "policy_listen",
        LISTEN,
        "Where the policy server listens: HOST:PORT, [ADDRESS]:PORT or unix:PATH.",
    ),
    Option(
        "allowed_clients",
        CLIENTS,
        "The addresses and networks of the machines with cinder-api, which alone may ask the policy server.",
        sample="192.0.2.7, 2001:db8::/64",
        default="all that reach it",
    ),
    Option(
        "account_id",
        TEXT,
        "The id of the account in Keystone. Without it, the policy server signs in to learn it.",
        sample="7ac83b1b0f6f4f9ea5a4f5b0c5ee3c44",
    ),
)

VOLUME_OPTIONS = (*SCHEDULE_OPTIONS, *RETENTION_OPTIONS, *EXECUTION_OPTIONS)


def volumes_section() -> SectionTable:
    """The options of section ``[volumes]``."""
    text = "Backups of the volumes of marked servers, through Cinder: which, how often, and how long they are kept."
    defaults = VolumeSettings()
    return SectionTable(text, VOLUME_OPTIONS, {option.key: getattr(defaults, option.key) for option in VOLUME_OPTIONS})


def read_volume_settings(configuration: Configuration) -> VolumeSettings:
    """The settings of volume backups; what is wrong is added to the findings.

    :param configuration: that has been read
    """
    values = configuration.section(SECTION)
    settings = VolumeSettings(**without_empty(values.rules))
    configuration.findings.problems.extend(_empty_keys(values))
    configuration.findings.problems.extend(_contradictions(settings, values))
    return settings


def _empty_keys(values: Values) -> Iterator[str]:
    for key in ("backup_metadata_key", "skip_metadata_key"):
        if key in values.rules and values.rules[key] is None:
            yield f"{values.where(key)}: the name of the metadata item is missing; leave the line out for the default"


def _contradictions(settings: VolumeSettings, values: Values) -> Iterator[str]:
    for shorter, longer in (
        ("min_interval", "backup_interval"),
        ("cycle", "min_interval"),
        ("settle", "min_interval"),
        ("min_retention", "retention"),
        ("retention", "max_retention"),
    ):
        least, most = getattr(settings, shorter), getattr(settings, longer)
        if least > most:
            stated = shorter if shorter in values.section.entries else longer
            yield (
                f"{values.where(stated)}: {shorter} is {duration(least)}, and {longer} {duration(most)}; expected "
                f"{shorter} to be the shorter one"
            )
    if settings.backup_window is not None and _length(settings.backup_window) < settings.cycle:
        yield (
            f"{values.where('backup_window')}: the window is shorter than cycle ({duration(settings.cycle)}), so that "
            "it may be missed"
        )


def _length(window: tuple[int, int]) -> int:
    """Seconds from the opening to the closing."""
    opens, closes = window
    return (closes - opens) % MINUTES_OF_DAY * 60
