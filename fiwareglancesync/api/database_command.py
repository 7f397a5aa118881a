"""The command ``glancesync db``: looks after the database without a server (sync 1)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from flask import Flask

from ..base.database import database_errors, open_engine
from ..base.errors import GlanceSyncError, UsageError
from ..base.parser import Parser
from ..config.option_tables import MAIN
from ..config.reader import Configuration
from ..images.configuration import names_master_region
from ..images.federation_name import federation_of
from ..images.places.factory import EMBEDDED, read_settings
from ..images.settings import Settings
from ..jobs.database_owner import OtherFederation, may_be_renamed, rebind, rebind_command, recorded, shown
from ..jobs.database_upgrade import newest_revision, upgrade
from ..kinds import option_tables
from ..serving.start_error import StartError
from .database_files import owners, rebind_file
from .flask_file import read_flask_file
from .server_database import configured_url, open_database, prepare_database_url, reported, upgrade_database
from .server_settings import ServerSettings, load_worker_settings

DESCRIPTION = """\
Upgrade the database of the server, of volume backups and of snapshots, or record the new name of its federation.
It is the one that "database" in the configuration names, else the file of the federation in the folder of the
databases; volume backups and snapshots then have files of their own, which their commands upgrade.
"""

EPILOG = """\
A database belongs to one federation: the region and the Keystone of the master, or the folder of an embedded
federation. It is recorded when the database is first used, and another federation is refused. Where "database" is
configured and no master region is, as for volume backups alone, upgrade records none. A region called "db" is written
master:db.

exit status: 0 done; 1 it cannot be done, and nothing was changed; 2 wrong usage.
"""

UPGRADE = "bring the tables to the revision that this program needs"
REBIND = "record the new name of a database's federation, for example after a change of Keystone's address"


def main(words: Sequence[str], prog: str) -> int:
    """Run the command.

    :param words: the words after the command's own
    :param prog: how the user called it
    :return: the exit code
    :raises UsageError: the words make no sense, or which database is meant is not confirmed
    :raises GlanceSyncError: it cannot be done
    """
    options = build_parser(prog).parse_args(words)
    if options.action == "upgrade" and (url := _url_without_federation(options.conf, options.os_cloud, os.environ)):
        print(_upgrade_tables(url))
        return 0
    actions: Mapping[str, Callable[[_Database], str]] = {
        "upgrade": _Database.upgrade,
        "rebind": lambda database: database.rebind(options.old),
    }
    try:
        print(actions[options.action](_Database(options.conf, options.os_cloud, os.environ)))
    except StartError as error:
        print("\n".join(f"ERROR:{problem}" for problem in error.problems), file=sys.stderr)
        return 1
    return 0


def build_parser(prog: str) -> Parser:
    """The parser of the words after ``db``.

    :param prog: how the user called it
    """
    formatter = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog=prog, description=DESCRIPTION, epilog=EPILOG, formatter_class=formatter, allow_abbrev=False)
    common = Parser(add_help=False)
    common.add_argument("--conf", metavar="FILE", help="the configuration file")
    common.add_argument(
        "--os-cloud",
        metavar="NAME",
        help="use this entry of clouds.yaml as the master's account, whatever account the configuration and the"
        " environment name",
    )
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        description = f"{text[0].upper()}{text[1:]}."
        return actions.add_parser(name, help=text, description=description, parents=[common], allow_abbrev=False)

    add("upgrade", UPGRADE)
    add("rebind", REBIND).add_argument(
        "--from",
        dest="old",
        metavar="OLD",
        help="the federation that is recorded; without it, nothing is changed and what is recorded is printed",
    )
    return parser


def _url_without_federation(conf: str | None, os_cloud: str | None, environ: Mapping[str, str]) -> str:
    """The configured database when there is no master region, because it is for volume backups alone; else "".

    :raises ConfigError: the configuration is wrong
    """
    if environ.get(EMBEDDED):
        return ""
    configuration = Configuration(conf, (), environ, option_tables(), lambda values, findings: None)
    url = str(configuration.section(MAIN).rules.get("database") or "")
    if not url or names_master_region(configuration, environ, os_cloud):
        return ""
    configuration.raise_problems()
    return url


def _upgrade_tables(url: str) -> str:
    """Bring the tables of a database that need not belong to a federation to the newest revision; what was done.

    :raises GlanceSyncError: it cannot be used
    """
    engine = open_engine(url)
    with database_errors():
        upgrade(engine)
        owner = recorded(engine)
    whose = "no federation" if owner is None else f"the federation {owner}"
    return f"The database {shown(engine)} is at revision {newest_revision()} and belongs to {whose}."


class _Database:
    """The database that configuration and environment mean.

    :param conf: the configuration file, None for the usual one
    :param os_cloud: the entry of ``clouds.yaml`` that the command line names, None when it names none
    :param environ: the environment
    :raises StartError: something is wrong or missing
    """

    def __init__(self, conf: str | None, os_cloud: str | None, environ: Mapping[str, str]) -> None:
        self._server: ServerSettings = load_worker_settings(environ)
        self._settings: Settings = read_settings(environ, option_tables(), conf, os_cloud=os_cloud)
        self._federation = federation_of(self._settings, environ)
        self._app = Flask(__name__)
        read_flask_file(self._app, self._server.flask_file)
        for text in (*self._server.warnings, *(message.text for message in self._settings.warnings)):
            print(f"WARNING:{text}", file=sys.stderr, flush=True)

    def upgrade(self) -> str:
        """Bring the tables to the newest revision; what was done."""
        url = prepare_database_url(self._app, self._server, self._settings, self._federation)
        open_database(self._app, url, self._federation)
        revision = upgrade_database(self._app)
        name = shown(open_engine(url))
        return f"The database {name} is at revision {revision} and belongs to the federation {self._federation}."

    def rebind(self, old: str | None) -> str:
        """Have the database belong to the configured federation; what was done.

        :param old: the federation that is recorded, as a confirmation
        """
        with reported():
            url = configured_url(self._app, self._settings)
            return self._rebind_configured(url, old) if url else self._rebind_file(old)

    def _rebind_configured(self, url: str, old: str | None) -> str:
        engine = open_engine(url)
        name, found = shown(engine), recorded(engine)
        if found is None:
            text = f"The database {name} belongs to no federation yet; the first that uses it is recorded."
            raise GlanceSyncError(text)
        if found == self._federation:
            return f"The database {name} belongs to the federation {found} already."
        if not may_be_renamed(found, self._federation):
            raise OtherFederation(
                f"The database {name} belongs to the federation {found}, and {self._federation} is another one, not"
                " that one under a new name. Please name another one as database in the configuration."
            )
        if old is None:
            raise self._unconfirmed(f"The database {name} belongs to the federation {found}", found)
        if not rebind(engine, old, self._federation):
            raise GlanceSyncError(f"The database {name} belongs to the federation {found}, not to {old}.")
        return self._done(name, old)

    def _rebind_file(self, old: str | None) -> str:
        folder: Path = self._server.database_folder
        found = {
            path: owner
            for path, owner in owners(folder).items()
            if owner is not None and may_be_renamed(owner, self._federation)
        }
        if not found:
            text = f"holds no database of a federation that {self._federation} may be a new name of."
            raise GlanceSyncError(f"The folder {folder} {text}")
        owned = ", ".join(f"{path.name} of {owner}" for path, owner in found.items())
        if old is None:
            example = next(iter(found.values())) if len(found) == 1 else "OLD"
            raise self._unconfirmed(f"The folder {folder} holds {owned}", example)
        path = next((path for path, owner in found.items() if owner == old), None)
        if path is None:
            raise GlanceSyncError(f"The folder {folder} holds no database of the federation {old}; it holds {owned}.")
        return self._done(str(rebind_file(path, old, self._federation)), old)

    def _unconfirmed(self, found: str, old: str) -> UsageError:
        return UsageError(
            f"{found}, the configuration is of {self._federation}; nothing was changed. If it is the same federation"
            f" under a new name, stop the server and its workers, and run: {rebind_command(old)}"
        )

    def _done(self, name: str, old: str) -> str:
        return f"The database {name} belonged to the federation {old}, and belongs to {self._federation} now."
