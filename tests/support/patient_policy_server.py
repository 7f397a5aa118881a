"""Runs ``glancesync`` with a policy server that waits longer for the database and for Cinder, on a busy machine too."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from fiwareglancesync.main import main  # noqa: E402 - the path has to be set first
from fiwareglancesync.volumes.policy_checks import policy_records, policy_service  # noqa: E402

LIMIT_SECONDS = 60


def _main() -> int:
    policy_records.LIMITS.clear()
    policy_records.TIMEOUT_SECONDS = LIMIT_SECONDS
    for name in ("RecordLookup", "CinderLookup"):
        setattr(policy_service, name, partial(getattr(policy_service, name), timeout=float(LIMIT_SECONDS)))
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_main())
