"""Services of the development cloud that stand still for a while."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.development_cloud import DevelopmentCloud


@contextmanager
def frozen(devcloud: DevelopmentCloud, service: str) -> Iterator[None]:
    """Have a service take connections and never answer meanwhile."""
    group = freeze(devcloud, service)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def freeze(devcloud: DevelopmentCloud, service: str) -> int:
    """Stop a service where it is; its process group."""
    group: int = json.loads((devcloud.folder / "devcloud.json").read_text())["regions"][service]["pid"]
    os.killpg(group, signal.SIGSTOP)
    return group
