"""The client of a GlanceSync server: ``glancesync remote`` (sync 6.1)."""
