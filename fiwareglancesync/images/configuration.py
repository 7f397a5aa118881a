"""Files, environment and ``--config`` become ``Settings`` (sync 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ..base.errors import ConfigError
from ..base.messages import Message
from ..base.text import show
from ..config import template
from ..config.option_tables import MAIN, OptionTables
from ..config.reader import Configuration, TargetValues, without_empty
from ..config.resolving import Resolver
from ..config.sections import Values
from .list_options import check_lists, list_entries, own_regions
from .settings import MASTER, DecisionAction, Settings, Target
from .vault_options import read_vaults

REGION_VARIABLE = "OS_REGION_NAME"
"""The variable that names the master region where nothing else does."""

SHOWN_KEYS = ("credential", "metadata_condition")
"""Options that the generated file shows in the section of a further target."""


def load_settings(
    conf: str | None,
    overrides: Sequence[str],
    environ: Mapping[str, str],
    tables: OptionTables,
    *,
    mock: bool = False,
    master_needed: bool = True,
    os_cloud: str | None = None,
) -> Settings:
    """Read the configuration.

    The file is ``conf``, else what ``GLANCESYNC_CONFIG`` names, else ``/etc/fiware.d/glancesync.conf`` when
    it exists, else there is none and the environment must be enough (sync 2).

    :param conf: path given with ``--conf``, None when it is not given
    :param overrides: the words after ``--config`` (sync 1.1)
    :param environ: the environment
    :param tables: the options of every kind of section
    :param mock: whether the regions are those of the embedded federation, which needs no credentials
        (sync 4)
    :param master_needed: whether a master region has to be stated
    :param os_cloud: the entry of ``clouds.yaml`` that ``--os-cloud`` names, None when it is not given
    :return: the settings; warnings for the user are in ``warnings``; a problem that concerns only those who ask for a
        certain target is that target's ``problem``
    :raises ConfigError: with one line for every problem found
    :raises UsageError: an override is not ``KEY=VALUE``
    """
    configuration = Configuration(conf, overrides, environ, tables, partial(check_lists, embedded=mock))
    main = without_empty(configuration.section(MAIN).rules)
    stated = main.pop("master_region", "")
    resolver = Resolver(environ, os_cloud, anonymous=mock, has_region=bool(stated))
    master = configuration.master(resolver)
    region, region_source = _master_region(stated, configuration.section(MAIN), master, environ)
    if region or master_needed:
        configuration.findings.problems += _problems_of_region(region, region_source)
    targets = {
        values.name: _target(values, configuration.section(values.name))
        for values in (master, *configuration.other_targets(resolver))
    }
    entries = list_entries(configuration.values, targets, configuration.findings)
    targets = {name: own_regions(target, targets) for name, target in targets.items()}
    vaults = read_vaults(configuration)
    configuration.raise_problems()
    return Settings(
        master_region=region,
        master_region_source=region_source,
        targets=targets,
        source=configuration.source,
        warnings=tuple(Message.warning(text) for text in configuration.findings.warnings),
        entries=entries,
        vaults=vaults,
        **main,
    )


def names_master_region(configuration: Configuration, environ: Mapping[str, str], os_cloud: str | None) -> bool:
    """Whether a configuration or the environment says which region is the master.

    :param configuration: nothing of it needs to be right
    :param os_cloud: the entry of ``clouds.yaml`` that ``--os-cloud`` names, None when it is not given
    """
    main = configuration.section(MAIN)
    master = configuration.master(Resolver(environ, os_cloud, anonymous=True, has_region=False))
    return bool(_master_region(main.rules.get("master_region") or "", main, master, environ)[0])


def check_targets(settings: Settings, asked: Iterable[str]) -> None:
    """Check that the targets that are asked for can be used.

    :param settings: the configuration
    :param asked: names of targets; unknown ones are skipped
    :raises ConfigError: a target cannot be used; its problem is then an error, and no longer one of the warnings
    """
    names = [*dict.fromkeys(asked)]
    problems = [target.problem for name in names if (target := settings.targets.get(name)) and target.problem]
    if problems:
        raise ConfigError(problems, [message.text for message in settings.warnings if message.text not in problems])


def configuration_text(tables: OptionTables) -> str:
    """The configuration file that ``glancesync-generate-config`` writes.

    :param tables: the options of every kind of section
    """
    return template.configuration_text(tables, SHOWN_KEYS)


def _target(values: TargetValues, own: Values) -> Target:
    rules: Mapping[str, Any] = values.rules
    own_lists = frozenset(action.value for action in DecisionAction if action.value in own.rules)
    return Target(values.name, values.credential, values.problem, own_lists=own_lists, **rules)


def _master_region(stated: str, main: Values, master: TargetValues, environ: Mapping[str, str]) -> tuple[str, str]:
    """The master region, and where its name comes from; without one, where it should be set."""
    where = main.where("master_region")
    sources = (
        (stated.removeprefix(f"{MASTER}:"), where),
        (master.region, f"region_name of the entry {show(master.credential.cloud)} of clouds.yaml"),
        (environ.get(REGION_VARIABLE, "").strip(), REGION_VARIABLE),
    )
    return next((found for found in sources if found[0]), ("", where))


def _problems_of_region(region: str, source: str) -> Iterator[str]:
    if not region:
        text = f"set master_region in [main], or {REGION_VARIABLE} in the environment"
        yield f"{source}: the master region is missing: {text}"
    elif ":" in region:
        yield f"{source}: found '{show(region)}', expected a region of the master target"
