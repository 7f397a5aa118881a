"""The words that are commands of their own when they come first, as in ``glancesync remote …``.

Any other first word is a region; one that is called like a command is written with its target: ``master:remote``.
"""

from __future__ import annotations

from collections.abc import Mapping

COMMAND_HELP: Mapping[str, str] = {
    "db": "upgrade the database, or record the new name of its federation",
    "remote": "see and start what a GlanceSync server carries out",
    "snapshots": "make snapshots of volumes in Ceph by a schedule",
    "vault": "back up the images of regions into a folder",
    "vms": "back up virtual machines consistently, by gluster's geo-replication",
    "volumes": "back up volumes through Cinder, and protect the backups",
    "worker": "carry out tasks of a GlanceSync server, with Celery",
}
"""What each command does, for ``--help``."""
