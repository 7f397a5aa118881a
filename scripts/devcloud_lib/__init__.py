"""A real OpenStack federation on loopback for development and tests: two Keystones, four Glances, no root."""
