"""How much of their quotas projects use, as bars with words, since not everybody sees colours (volumes 6). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from ...base.text import escaped
from ...openstack.cloud_model import Limit
from .digest_model import ProjectDigest

MAX_LOW, MAX_MEDIUM = 50, 80
"""Per cent of a quota."""


class QuotaLevel(Enum):
    """How much of a quota is used; there is none without a limit."""

    UNLIMITED = "unlimited"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class QuotaBar:
    """One quota of one project.

    :param project: the project's full name
    :param text: what the bar shows, in words
    :param in_use: per cent of the bar
    :param reserved: per cent of the bar, after those in use
    """

    project: str
    text: str
    level: QuotaLevel
    in_use: int
    reserved: int


def quota_bars(projects: Iterable[ProjectDigest]) -> list[QuotaBar]:
    """The bars of projects, the fullest first, those without a limit last.

    :param projects: in the order of bars that are equally full
    """
    bars = [bar for project in projects for bar in _bars(project)]
    return sorted(bars, key=lambda bar: (bar.level is QuotaLevel.UNLIMITED, -bar.in_use - bar.reserved))


def _bars(project: ProjectDigest) -> Iterator[QuotaBar]:
    if project.quota is not None:
        name = escaped(project.project_name)
        yield _bar(name, "Backups", "", project.quota.backups)
        yield _bar(name, "Size of backups", " GiB", project.quota.gigabytes)


def _bar(project: str, what: str, unit: str, quota: Limit) -> QuotaBar:
    used = quota.in_use + quota.reserved
    if quota.limit is None:
        text = f"{what}: {quota.in_use}{unit} in use, {quota.reserved}{unit} reserved, no limit"
        return QuotaBar(project, text, QuotaLevel.UNLIMITED, 0, 0)
    percent = _percent(used, quota.limit)
    level = _level(percent)
    text = (
        f"{what}: {quota.in_use} of {quota.limit}{unit} in use, {quota.reserved}{unit} reserved: "
        f"{percent} % ({level.value})"
    )
    in_use = min(_percent(quota.in_use, quota.limit), 100)
    return QuotaBar(project, text, level, in_use, min(percent, 100) - in_use)


def _percent(part: int, whole: int) -> int:
    """Rounded up, so that a number never looks better than its level."""
    return -(-100 * part // whole) if whole > 0 else 100


def _level(percent: int) -> QuotaLevel:
    if percent <= MAX_LOW:
        return QuotaLevel.LOW
    return QuotaLevel.MEDIUM if percent <= MAX_MEDIUM else QuotaLevel.HIGH
