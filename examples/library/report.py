#!/usr/bin/env python3
"""Tells the state of each region in one line; the exit code is 1 when any of them is not in step."""

import sys
from collections import Counter

from fiwareglancesync import GlanceSync


def main() -> int:
    """Ask the regions that the configuration names."""
    with GlanceSync() as federation:
        rows = federation.status()
    for region in dict.fromkeys(row.region for row in rows):
        counts = Counter(row.status.value for row in rows if row.region == region)
        print(f"{region}: {', '.join(f'{count} {status}' for status, count in sorted(counts.items()))}")
    return int(any(not row.status.value.startswith("ok") for row in rows))


if __name__ == "__main__":
    sys.exit(main())
