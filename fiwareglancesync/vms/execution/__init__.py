"""Carries a backup of virtual machines out: its steps, its journal on the disk, and what a recovery does (vms 2)."""
