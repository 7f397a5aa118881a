"""Consistent backups of virtual machines by gluster's geo-replication (vms 1)."""
