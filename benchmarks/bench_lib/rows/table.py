"""All rows, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable

from ..figures import Result
from ..setting import Setting
from . import (
    api,
    memory,
    no_op,
    one_image,
    plan,
    rebuild,
    scaling,
    several,
    snapshot_plan,
    snapshot_run,
    start,
    vault_large,
    vault_many,
    volume_cycle,
    volume_plan,
    volume_policy,
)

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
    "vault-backup": vault_large.measure_backup,
    "vault-restore": vault_large.measure_restore,
    "vault-verify": vault_large.measure_verify,
    "vault-many": vault_many.measure_many,
    "vault-shelves": vault_many.measure_shelves,
    "vault-ls": vault_many.measure_ls,
    "snapshot-plan": snapshot_plan.measure,
    "snapshot-run": snapshot_run.measure,
    "volume-plan": volume_plan.measure,
    "volume-cycle": volume_cycle.measure,
    "volume-policy": volume_policy.measure,
    "rebuild": rebuild.measure,
}
