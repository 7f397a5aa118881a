"""`rebuild`: this checkout against another one, such as that before a rebuild."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ..cloud import MASTER, TARGETS, add_many_images
from ..figures import Figure, Result, at_most, plain
from ..measure import Command, Spent, alternate, run
from ..moves import synchronise
from ..setting import Setting
from .plan import Federation
from .several import clear, prepare, synchronise_by

LIMIT = 1.05
"""How much longer this checkout may take."""


def measure(setting: Setting) -> Result:
    """Whole commands of both checkouts, in turn."""
    if setting.before is None:
        return Result("—", skipped="name the other checkout: --before FOLDER")
    before = replace(setting, program=setting.before / "fiwareglancesync" / "sync.py")
    images, regions = (1000, 100) if setting.quick else (10_000, 100)
    figures = [
        *_compared("start: `--help`", 7 if setting.quick else 21, partial(_help, before), partial(_help, setting), 1.0),
        *_compared_status(setting, before, Federation(setting, images, regions), f"{images} × {regions}"),
        *_compared_no_op(setting, before),
        *_compared_fan_out(setting, before),
    ]
    return Result("both checkouts", figures)


def _compared(
    what: str, pairs: int, before: Callable[[], Spent], now: Callable[[], Spent], limit: float = LIMIT
) -> list[Figure]:
    now()  # fills caches
    before()
    spent = alternate(pairs, before, now)
    return [
        at_most(f"{what}: time", limit, [second.seconds / first.seconds for first, second in spent], unit=" ×"),
        plain(f"{what}: CPU", [second.cpu / first.cpu for first, second in spent], unit=" ×"),
        plain(f"{what}: peak memory", [second.peak / first.peak for first, second in spent], unit=" ×"),
    ]


def _help(setting: Setting) -> Spent:
    return run(Command([setting.python, str(setting.program), "--help"], dict(os.environ), setting.work))


def _compared_status(setting: Setting, before: Setting, federation: Federation, size: str) -> list[Figure]:
    status = partial(federation.status, setting)
    return _compared(f"plan: `--show-status`, {size}", setting.pairs, partial(federation.status, before), status)


def _compared_no_op(setting: Setting, before: Setting) -> list[Figure]:
    count = 500 if setting.quick else 2000
    cloud = setting.cloud()
    add_many_images([cloud.region(name) for name in (MASTER, *TARGETS)], count)
    environ = dict(cloud.environ)

    def synchronised(which: Setting) -> Spent:
        return synchronise(which, environ, *TARGETS).spent

    return _compared(
        f"no-op: {count} images × {len(TARGETS)}", setting.pairs, partial(synchronised, before),
        partial(synchronised, setting),
    )  # fmt: skip


def _compared_fan_out(setting: Setting, before: Setting) -> list[Figure]:
    cloud, sizes, _, regions = prepare(setting)

    def moved(which: Setting) -> Spent:
        spent = synchronise_by(which, cloud, len(sizes), "spool").spent
        clear(regions)
        return spent

    what = f"fan-out: {sum(sizes)} MiB × {len(TARGETS)}"
    return _compared(what, setting.pairs, partial(moved, before), partial(moved, setting))
