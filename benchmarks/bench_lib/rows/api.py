"""`api`: the REST server under load; it has no figures as long as there is no server."""

from __future__ import annotations

from ..figures import Result
from ..setting import CHECKOUT, Setting


def measure(setting: Setting) -> Result:
    """Skipped: the package has no REST server to measure."""
    there = (CHECKOUT / "fiwareglancesync" / "run.py").exists()
    reason = "its measurement is still to be written" if there else "the REST server is not there yet"
    return Result("—", skipped=reason)
