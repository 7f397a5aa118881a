"""``snapmanager``: the daemon of snapshots, with the options of the original program (snapshots 1.6)."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.parser import Parser
from ..base.version import __version__
from .command_verbs import add_debug, name_text, path_text
from .snapshots_arguments import add_daemon_arguments

EPILOG = """\
exit status: as of glancesync snapshots daemon, which it calls.
"""


def build_parser(prog: str) -> Parser:
    """The parser of the command.

    :param prog: the command as the user typed it
    """
    import argparse

    parser = Parser(
        prog=prog,
        description="Make snapshots of the volumes of OpenStack servers in Ceph at the times of a schedule file.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"glancesync {__version__}")
    text = "the configuration of Ceph (default: that of the configuration, /etc/ceph/ceph.conf)"
    parser.add_argument("--ceph-conf", type=path_text, metavar="FILE", help=text)
    text = "the pool with the images of volumes (default: that of the configuration, volumes)"
    parser.add_argument("--ceph-pool", type=name_text, metavar="POOL", help=text)
    add_daemon_arguments(parser)
    parser.add_argument("--conf", metavar="FILE", help="the configuration file of GlanceSync")
    add_debug(parser)
    return parser


def words_of_daemon(words: Sequence[str], prog: str) -> list[str]:
    """The same call as words of ``glancesync``.

    :param words: without the command itself
    :param prog: the command as the user typed it
    """
    options = build_parser(prog).read(words)
    found = ["snapshots", "daemon"]
    for key in ("ceph_conf", "ceph_pool"):
        value = getattr(options, key)
        if value is not None:
            found += ["--config", f"snapshots.{key}={value}"]
    for name in ("os_conf", "conf"):
        value = getattr(options, name)
        if value is not None:
            found.append(f"--{name.replace('_', '-')}={value}")
    for name in ("enable_general_snapshots", "force_general_snapshots", "force_scheduled_snapshots", "debug"):
        if getattr(options, name):
            found.append(f"--{name.replace('_', '-')}")
    return found
