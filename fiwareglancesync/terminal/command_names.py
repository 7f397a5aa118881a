"""The words that are commands of their own when they come first, as in ``glancesync remote …``.

Any other first word is a region; one that is called like a command is written with its target: ``master:remote``.
"""

from __future__ import annotations

from collections.abc import Mapping

COMMAND_HELP: Mapping[str, str] = {
    "db": "look after the database of tasks: upgrade it, or rebind it to its federation's new name",
    "remote": "see and start what a GlanceSync server carries out",
    "vault": "keep the images of regions in a folder",
    "volumes": "back up volumes through Cinder, and protect the backups",
    "worker": "carry out tasks of a GlanceSync server, with Celery",
}
"""What each command does, for ``--help``."""
