"""Many regions at once: one writer a region, a process per region, and how a run is stopped."""
