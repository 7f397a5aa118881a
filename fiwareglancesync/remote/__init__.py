"""The client of a GlanceSync server: ``glancesync remote`` (contract 5 from the other side)."""
