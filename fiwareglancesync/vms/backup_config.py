"""Reads the file of a backup: an INI file in the form of the original, all mistakes at once (vms 1.2)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..base.errors import ConfigError
from ..base.text import nearest, show
from ..config import ini, sections
from ..config.ini import Section
from ..config.mail_options import NOTIFY, mail_settings_of
from ..config.option_tables import OptionTables, SectionTable
from ..config.reader import MAX_FILE_BYTES, without_empty
from ..config.sections import Findings, Values
from ..notify.mail_settings import MailSettings
from . import vm_options
from .vm_options import CONNECTION, KEEP_NOTHING, LIBVIRT, End, Keep, KeepMethod, Quiesce


@dataclass(frozen=True, slots=True)
class OvirtConnection:
    """How to reach an oVirt engine."""

    server: str
    user_name: str
    password: str = field(repr=False)
    ca_file: str = ""
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """What the file says.

    :param ovirt: None where the engine is libvirt
    :param libvirt: its address, "" where the engine is oVirt
    :param wait_timeout: seconds
    :param merge_timeout: seconds
    :param stall: seconds
    :param min_free_master: percent
    :param notify: how mail is sent, and to whom
    """

    ovirt: OvirtConnection | None = None
    libvirt: str = ""
    wait_timeout: int = 600
    merge_timeout: int = 7200
    merge_parallel: int = 2
    quiesce: Quiesce = Quiesce.TRY
    logger_conf: str = ""
    scheduler: str = vm_options.BUILTIN
    end: End = End.PAUSE
    stall: int = 300
    min_free_master: int = 10
    method: KeepMethod = KEEP_NOTHING
    alternate: str = ""
    keep: int = 2
    ssh: str = ""
    folder: str = "/var/lib/glancesync/vms"
    notify: MailSettings = field(default_factory=MailSettings)


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A file that has been read, and what is odd in it."""

    settings: BackupSettings
    warnings: tuple[str, ...]


def read_backup_file(path: Path) -> BackupFile:
    """Read a file.

    :raises ConfigError: it cannot be read, or something in it is wrong
    """
    try:
        with path.open("rb") as file:
            data, status = file.read(MAX_FILE_BYTES + 1), os.fstat(file.fileno())
    except OSError as error:
        raise ConfigError(f"{show(str(path), 200)}: the file cannot be read: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"{show(str(path), 200)}: the file is larger than 4 MiB, expected a configuration file")
    others_may_read = stat.S_ISREG(status.st_mode) and bool(status.st_mode & 0o044)
    return read_backup_text(data, str(path), others_may_read=others_may_read)


def read_backup_text(data: bytes, name: str, *, others_may_read: bool = False) -> BackupFile:
    """Read the content of a file.

    :param data: the whole file
    :param name: what messages call it
    :param others_may_read: whether others than its owner may read it
    :raises ConfigError: something in it is wrong
    """
    text, problems = ini.decode(data, name)
    if problems:
        raise ConfigError(problems)
    document = ini.parse(text, name)
    findings = Findings(list(document.problems))
    tables = vm_options.backup_sections()
    options = OptionTables((), (), (), {key: _loader(table) for key, table in tables.items()}, {})
    values: dict[str, Values] = {}
    for section in document.sections.values():
        if section.name in tables:
            values[section.name] = sections.read(section, options, findings)
        else:
            near = nearest(section.name, tables)
            hint = f"; did you mean [{near}]?" if near else ""
            findings.warnings.append(f"{section.origin}: unknown section [{show(section.name)}], ignored{hint}")
    _check_engine(values, name, findings)
    _check_generations(values, findings)
    mail = mail_settings_of(values.get(NOTIFY) or Values(Section(NOTIFY, name)), findings, os.environ)
    if others_may_read:
        findings.warnings += [
            f"{each.where(each.confidential_key)}: others may read this file, which holds a secret; run chmod 600 "
            f"{show(name, 200)}"
            for each in values.values()
            if each.confidential_key
        ]
    if findings.problems:
        raise ConfigError(findings.problems, findings.warnings)
    return BackupFile(_settings(values, mail), tuple(findings.warnings))


def _loader(table: SectionTable) -> Callable[[], SectionTable]:
    return lambda: table


def _check_engine(values: Mapping[str, Values], name: str, findings: Findings) -> None:
    """Demand one engine, and all that is needed to reach it."""
    if CONNECTION in values and LIBVIRT in values:
        origin = values[LIBVIRT].section.origin
        findings.problems.append(f"{origin}: [{LIBVIRT}]: [{CONNECTION}] is there, too; expected one of the two")
        return
    if LIBVIRT in values:
        _demand(values[LIBVIRT], ("uri",), findings)
    elif CONNECTION in values:
        connection = values[CONNECTION]
        insecure = bool(connection.rules.get("insecure"))
        needed = ("server", "user_name", "password") if insecure else ("server", "user_name", "password", "ca_file")
        _demand(connection, needed, findings)
        if insecure:
            findings.warnings.append(
                f"{connection.where('insecure')}: the engine is not verified, so somebody else may learn the password"
            )
    else:
        findings.problems.append(f"{name}: expected a section [{CONNECTION}] for oVirt, or [{LIBVIRT}]")


def _demand(values: Values, keys: tuple[str, ...], findings: Findings) -> None:
    for key in keys:
        entry = values.section.entries.get(key)
        if entry is None or not entry.value:
            findings.problems.append(f"{values.where(key)}: expected a value")


def _check_generations(values: Mapping[str, Values], findings: Findings) -> None:
    generations = values.get(vm_options.GENERATIONS)
    if generations is None:
        return
    method: KeepMethod = generations.rules.get("method") or KEEP_NOTHING
    alternate = generations.rules.get("alternate")
    entry = generations.section.entries.get("alternate")
    if method.keep is Keep.ALTERNATE and not alternate and (entry is None or not entry.value):
        findings.problems.append(f"{generations.where('alternate')}: expected a volume, for method = alternate")
    slave = values.get(vm_options.SLAVE)
    if method.keep is Keep.GLUSTER_SNAPSHOT and (slave is None or not slave.rules.get("ssh")):
        findings.problems.append(
            f"{generations.where('method')}: expected [{vm_options.SLAVE}] ssh, where gluster takes the snapshots"
        )
    if alternate and method.keep is not Keep.ALTERNATE:
        findings.warnings.append(f"{generations.where('alternate')}: has no effect without method = alternate")


def _settings(values: Mapping[str, Values], mail: MailSettings) -> BackupSettings:
    rules = {name: without_empty(each.rules) for name, each in values.items()}
    rules.pop(NOTIFY, None)
    connection = rules.pop(CONNECTION, None)
    uri = rules.pop(LIBVIRT, {}).get("uri", "")
    others = {key: value for each in rules.values() for key, value in each.items()}
    ovirt = None if connection is None else OvirtConnection(**connection)
    return BackupSettings(ovirt, uri, notify=mail, **others)
