"""The configuration of one task: that of the files, with the options and decisions of the task over it (sync 5.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..base.errors import GlanceSyncError
from ..config.option_tables import OptionTables
from .options import RULE_OPTIONS
from .places.factory import read_settings
from .region_names import RegionRef
from .settings import ANY, Settings, Target
from .sync_request import SyncRequest

_FIELDS = Target.__dataclass_fields__

LISTS = tuple(o.key for o in RULE_OPTIONS if isinstance(_FIELDS[o.key].default, frozenset | tuple))
"""The options that are lists."""

SHOWN = 5
"""Entries of a list that a message names."""


class ListsShortened(GlanceSyncError):
    """The options of a task drop entries of the configured lists, and the request does not allow that."""


def task_settings(
    request: SyncRequest, ref: RegionRef, environ: Mapping[str, str], tables: OptionTables
) -> Settings:
    """Read the configuration, and lay the options and decisions of a task over it.

    :param request: the request of the task
    :param ref: its region
    :param environ: the environment
    :param tables: the options of every kind of section of the configuration
    :raises ConfigError: the configuration, or an option of the task, is wrong
    :raises ListsShortened: a list of the task protects or covers less than the configured one
    """
    settings = read_settings(environ, tables, overrides=request.overrides(ref))
    if request.config and not request.replace_lists:
        configured = read_settings(environ, tables).targets.get(ref.target)
        if configured is not None:
            _check_lists(configured, settings.targets[ref.target], request)
    return settings.decided({name: (decision,) for name, decision in request.decisions.items()})


def _check_lists(configured: Target, asked: Target, request: SyncRequest) -> None:
    problems = list(_dropped(configured, asked, request))
    if problems:
        advice = 'list these entries too, or send "replaceLists": true (--replace-lists) to replace the configured list'
        raise ListsShortened(f"{'; '.join(problems)}; {advice}")


def _dropped(configured: Target, asked: Target, request: SyncRequest) -> Iterator[str]:
    """What each list of a task drops."""
    for key in LISTS:
        if key not in request.config:
            continue
        lost = frozenset(getattr(configured, key)) - frozenset(getattr(asked, key))
        if key == "replace" and ANY in asked.replace:
            lost = frozenset()  # it covers them all
        elif key == "rename" and ANY in asked.rename:
            lost &= asked.replace  # named in replace alone, they would be deleted instead of kept
        if lost:
            entries = sorted(lost)
            more = f" and {len(entries) - SHOWN} more" if len(entries) > SHOWN else ""
            yield f"config.{key} drops configured entries: {', '.join(entries[:SHOWN])}{more}"
