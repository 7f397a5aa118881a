"""Snapshots of volumes in Ceph by a schedule file: which are due, and which are removed (snapshots 1)."""
