"""All rows, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable

from ..figures import Result
from ..setting import Setting
from . import api, memory, no_op, one_image, plan, rebuild, scaling, several, start

ROWS: dict[str, Callable[[Setting], Result]] = {
    "start": start.measure,
    "plan": plan.measure,
    "no-op": no_op.measure,
    "one-image": one_image.measure,
    "memory": memory.measure,
    "manual": several.measure_manual,
    "fan-out": several.measure_fan_out,
    "scaling": scaling.measure,
    "api": api.measure,
    "rebuild": rebuild.measure,
}
