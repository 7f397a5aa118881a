"""The options of the file of a backup, in the sections of the original (vms 1.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ..config.mail_options import NOTIFY, mail_section
from ..config.option_tables import Option, SectionTable
from ..config.values import BOOLEAN, FILE, TEXT, TIMEOUT, Kind, up_to

CONNECTION, LIBVIRT, SNAPSHOT, LOGGING = "connection", "libvirt", "snapshot", "logging"
REPLICATION, GENERATIONS, SLAVE, STATE = "replication", "generations", "slave", "state"
BUILTIN = "builtin"
MOST_MERGES = 64
MOST_GENERATIONS = 100

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_ACCOUNT = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9_][A-Za-z0-9_.:-]*")


class Quiesce(Enum):
    """What a guest has to do at its snapshot."""

    TRY = "try"
    REQUIRE = "require"


class Verify(Enum):
    """How much of each layer is compared with the slave."""

    FULL = "full"
    SAMPLED = "sampled"


class End(Enum):
    """How a session of geo-replication is left after a run."""

    PAUSE = "pause"
    STOP = "stop"


class Keep(Enum):
    """How an older backup is kept while the slave is overwritten."""

    NONE = "none"
    ALTERNATE = "alternate"
    GLUSTER_SNAPSHOT = "gluster-snapshot"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class KeepMethod:
    """How an older backup is kept.

    :param command: path of a program, "" unless the method is a command
    """

    keep: Keep = Keep.NONE
    command: str = ""

    def __str__(self) -> str:
        return f"{self.keep.value} {self.command}".rstrip()


KEEP_NOTHING = KeepMethod()


def _keep(text: str) -> KeepMethod:
    word, _, path = text.partition(" ")
    keep = Keep(word.lower())
    if (keep is Keep.COMMAND) != bool(path.strip()):
        raise ValueError(text)
    return KeepMethod(keep, FILE.parse(path.strip()) if path else "")


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return text

    return parse


def _scheduler(text: str) -> str:
    return BUILTIN if text.lower() == BUILTIN else str(FILE.parse(text))


def _folder(text: str) -> str:
    path = str(FILE.parse(text))
    if not path.startswith("/"):
        raise ValueError(text)
    return path


FOLDER = Kind("an absolute path", _folder)
VOLUME = Kind("the name of a volume", _matching(_NAME))
ACCOUNT = Kind("HOST or USER@HOST", _matching(_ACCOUNT))
SERVER = Kind("an address that starts with https://", _matching(re.compile(r"https://[^\s/]\S*")))
SCHEDULER = Kind(f"{BUILTIN}, or the path of schedule_georep.py", _scheduler)
QUIESCE = Kind("try or require", lambda text: Quiesce(text.lower()))
END = Kind("pause or stop", lambda text: End(text.lower()))
KEEP = Kind("none, alternate, gluster-snapshot or command PATH", _keep)

_OPTIONS: dict[str, tuple[str, tuple[Option, ...]]] = {
    CONNECTION: (
        "The oVirt engine.",
        (
            Option("server", SERVER, "The address of the engine's API.", sample="https://engine/ovirt-engine/api"),
            Option("user_name", TEXT, "The user, with the domain.", sample="admin@internal"),
            Option("password", TEXT, "The user's password.", sample="secret", secret=True, confidential=bool),
            Option("ca_file", FILE, "The certificates by which the engine is verified.", sample="/etc/pki/engine.pem"),
            Option("insecure", BOOLEAN, "Whether the engine is not verified."),
        ),
    ),
    LIBVIRT: (
        "A libvirt, in the place of an oVirt engine.",
        (Option("uri", TEXT, "The address of libvirt.", sample="qemu:///system"),),
    ),
    SNAPSHOT: (
        "The snapshots of the virtual machines.",
        (
            Option("wait_timeout", TIMEOUT, "How long a snapshot may take."),
            Option("merge_timeout", TIMEOUT, "How long the merge of a snapshot may take."),
            Option("merge_parallel", up_to(MOST_MERGES), "How many snapshots are merged at once."),
            Option("quiesce", QUIESCE, "Whether a virtual machine whose guest cannot be frozen is left out."),
        ),
    ),
    LOGGING: ("The log.", (Option("logger_conf", FILE, "A file of Python's logging."),)),
    REPLICATION: (
        "The replication of the volume.",
        (
            Option("scheduler", SCHEDULER, "What replicates: this program, or gluster's own script."),
            Option("end", END, "How the session is left after a run."),
            Option("stall", TIMEOUT, "How long replication may stand still before it is stopped and started once."),
            Option("min_free_master", up_to(99), "Percent of the master that have to be free."),
        ),
    ),
    GENERATIONS: (
        "How an older backup is kept while the slave is overwritten.",
        (
            Option("method", KEEP, "How it is kept."),
            Option("alternate", VOLUME, "The second volume of the slave, with the method alternate."),
            Option("keep", up_to(MOST_GENERATIONS), "How many snapshots are kept, with the method gluster-snapshot."),
        ),
    ),
    SLAVE: ("The slave.", (Option("ssh", ACCOUNT, "Where hashes of the slave's files are computed, by ssh."),)),
    STATE: ("What the program keeps.", (Option("folder", FOLDER, "The folder with the journals of runs."),)),
}


def backup_sections() -> dict[str, SectionTable]:
    """The options of each section; their defaults are those of the settings."""
    tables = {name: SectionTable(text, options) for name, (text, options) in _OPTIONS.items()}
    return tables | {NOTIFY: mail_section()}
