"""Locks of this machine, leases for all machines that share a database, and permits for what is done at once."""
