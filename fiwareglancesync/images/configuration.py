"""Files, environment and ``--config`` become ``Settings`` (sync 2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ..base.errors import ConfigError
from ..base.messages import Message
from ..base.text import show
from ..config import template
from ..config.credential_options import CREDENTIAL_OPTIONS
from ..config.option_tables import MAIN, OptionTables
from ..config.reader import Reading, TargetValues, given
from ..config.resolving import Resolver
from .list_options import check_lists, list_entries, own_regions
from .options import DEFAULTS, MAIN_OPTIONS, RULE_OPTIONS
from .settings import MASTER, Settings, Target

RESERVED = ("notify", "schedule", "listen", "volumes", "snapshots", "vault", "vault:")
"""Names of sections that are no target's, and how such names begin (sync 2)."""

TABLES = OptionTables(
    main=MAIN_OPTIONS,
    credential=CREDENTIAL_OPTIONS,
    rules=RULE_OPTIONS,
    others=dict.fromkeys(RESERVED, ()),
    defaults=DEFAULTS,
)
"""All options of the configuration."""

SHOWN_KEYS = ("credential", "metadata_condition")
"""Options that the generated file shows in the section of a further target."""


def load_settings(
    conf: str | None,
    overrides: Sequence[str],
    environ: Mapping[str, str],
    *,
    mock: bool = False,
    os_cloud: str | None = None,
) -> Settings:
    """Read the configuration.

    The file is ``conf``, else what ``GLANCESYNC_CONFIG`` names, else ``/etc/fiware.d/glancesync.conf`` when
    it exists, else there is none and the environment must be enough (sync 2).

    :param conf: path given with ``--conf``, None when it is not given
    :param overrides: the words after ``--config`` (sync 1.1)
    :param environ: the environment
    :param mock: whether the regions are those of the embedded federation, which needs no credentials
        (sync 4)
    :param os_cloud: the entry of ``clouds.yaml`` that ``--os-cloud`` names, None when it is not given
    :return: the settings; warnings for the user are in ``warnings``; a problem that concerns only those who ask for a
        certain target is that target's ``problem``
    :raises ConfigError: with one line for every problem found
    :raises UsageError: an override is not ``KEY=VALUE``
    """
    reading = Reading(conf, overrides, environ, TABLES, partial(check_lists, embedded=mock))
    main = given(reading.section(MAIN).rules)
    stated = main.pop("master_region", "")
    resolver = Resolver(environ, os_cloud, anonymous=mock, has_region=bool(stated))
    master = reading.master(resolver)
    region = stated.removeprefix(f"{MASTER}:") or master.region or environ.get("OS_REGION_NAME", "").strip()
    _check_master_region(region, reading)
    targets = {values.name: _target(values) for values in (master, *reading.other_targets(resolver))}
    entries = list_entries(reading.values, targets, reading.findings)
    targets = {name: own_regions(target, targets) for name, target in targets.items()}
    reading.raise_problems()
    return Settings(
        master_region=region,
        targets=targets,
        source=reading.source,
        warnings=tuple(Message.warning(text) for text in reading.findings.warnings),
        entries=entries,
        **main,
    )


def check_targets(settings: Settings, asked: Iterable[str]) -> None:
    """Check that the targets that are asked for can be used.

    :param settings: the configuration
    :param asked: names of targets; unknown ones are skipped
    :raises ConfigError: a target cannot be used; its warning has become the error
    """
    names = [*dict.fromkeys(asked)]
    problems = [target.problem for name in names if (target := settings.targets.get(name)) and target.problem]
    if problems:
        raise ConfigError(problems, [message.text for message in settings.warnings if message.text not in problems])


def configuration_text() -> str:
    """The configuration file that ``glancesync-generate-config`` writes."""
    return template.configuration_text(TABLES, SHOWN_KEYS)


def _target(values: TargetValues) -> Target:
    rules: Mapping[str, Any] = values.rules
    return Target(name=values.name, credential=values.credential, problem=values.problem, **rules)


def _check_master_region(region: str, reading: Reading) -> None:
    where = reading.section(MAIN).where("master_region")
    if not region:
        reading.findings.problems.append(
            f"{where}: the master region is missing: set it there, or OS_REGION_NAME in the environment"
        )
    elif ":" in region:
        reading.findings.problems.append(f"{where}: found '{show(region)}', expected a region of the master target")
