"""The port to geo-replication, gluster behind it, and how an older backup is kept."""
