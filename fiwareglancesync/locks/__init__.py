"""Locks: of this machine, of all machines by a database, and bounds on what is done at once."""
