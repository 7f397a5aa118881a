"""Pure: what gets a snapshot, when replication is complete, how a run ended, what a recovery does."""
