"""The command ``glancesync worker``: carries out tasks that servers hand over through Celery.

It reads the files of the server (``EXECUTOR``, ``BROKER_URL``, ``TASK_TIME_LIMIT``, logging), the configuration of the
synchronisation with its credentials, and needs the server's database; how tokens are validated it need not know.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from flask import Flask

from ..base.database import open_engine
from ..base.parser import Parser
from ..config.resolving import CHOSEN
from ..images.federation_name import federation_of
from ..images.settings import Settings
from ..jobs.celery_queue import MAX_QUEUE_SECONDS, CeleryExecutor, make_queue
from ..jobs.celery_worker import work
from ..jobs.runner import TaskLauncher
from ..jobs.store import TaskStore
from ..kinds import WORKER_COMMAND
from ..serving.start_error import StartError
from .flask_file import read_flask_file
from .logs import FORMAT, RedactSecrets, set_up
from .server_database import open_database, prepare_database, prepare_database_url
from .server_settings import ServerSettings, worker_configuration

DESCRIPTION = """\
Carry out the tasks of a GlanceSync server whose settings have EXECUTOR = celery, on this machine or another one. Run
as many as you like: each task is done by one of them. They need the server's settings file, broker and database,
and the configuration with the credentials of the regions.
"""

EPILOG = """\
SIGTERM and Ctrl-C: take no further task, end when those that run have ended. SIGQUIT and a second Ctrl-C: end those
too; they fail, and what they had begun is removed. A region called "worker" is written master:worker.

exit status: 0 ended by a signal, or nothing is wrong; 1 it cannot be started as it is configured; 2 wrong usage,
or a package is not installed.
"""


def main(words: Sequence[str], prog: str) -> int:
    """Run the command.

    :param words: the words after the command's own
    :param prog: how the user called it
    :return: the exit code
    :raises UsageError: the words make no sense
    :raises NotInstalled: Celery, or the driver of the database, is not installed
    :raises GlanceSyncError: the broker or the database cannot be used
    """
    options = build_parser(prog).read(words)
    if options.os_cloud is not None:
        os.environ[CHOSEN] = options.os_cloud  # for the processes of the tasks too
    try:
        server, settings = worker_configuration(os.environ)
        warnings = [*server.warnings, *(message.text for message in settings.warnings), _open_log(server)]
        for text in filter(None, warnings):
            print(f"WARNING:{text}", file=sys.stderr, flush=True)
        federation = federation_of(settings, os.environ)
        queue = make_queue(server.broker_url, server.task_time_limit, federation)
        CeleryExecutor(queue).check()
        url = _database(server, settings, federation)
    except StartError as error:
        print("\n".join(f"ERROR:{problem}" for problem in error.problems), file=sys.stderr)
        return 1
    if options.check:
        return 0
    store = TaskStore(open_engine(url), MAX_QUEUE_SECONDS)
    launcher = TaskLauncher(WORKER_COMMAND, store, url, dict(os.environ), server.task_time_limit)
    return work(queue, launcher, options.concurrency or settings.max_children)


def build_parser(prog: str) -> Parser:
    """The parser of the words after ``worker``.

    :param prog: how the user called it
    """
    parser = Parser(
        prog=prog,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--check", action="store_true", help="see whether settings, broker and database can be used, and end"
    )
    parser.add_argument(
        "--os-cloud",
        metavar="NAME",
        help="use this entry of clouds.yaml as the master's account, whatever account the configuration and the"
        " environment name",
    )
    parser.add_argument(
        "-c", "--concurrency", type=_permits, metavar="N", help="tasks that are done at once (default: max_children)"
    )
    return parser


def _permits(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 1000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to 1000")


def _open_log(server: ServerSettings) -> str | None:
    """Log as the server's logging file says, else to the standard error; returns what the user should know."""
    if server.logging_file is not None:
        return set_up(server.logging_file)
    logging.basicConfig(format=FORMAT, level=logging.INFO, stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.addFilter(RedactSecrets())
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return None


def _database(server: ServerSettings, settings: Settings, federation: str) -> str:
    """The URL of the server's database, which is there, at the right revision and the federation's.

    :raises GlanceSyncError: it is not, or cannot be used
    """
    app = Flask(__name__)
    read_flask_file(app, server.flask_file)
    url = prepare_database_url(app, server, settings, federation)
    open_database(app, url, federation)
    prepare_database(app)
    return url
