"""The file of a backup (vms 1.2), and the words that name the slave (vms 1.1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError, UsageError
from fiwareglancesync.notify.mail_settings import MailSettings
from fiwareglancesync.vms.backup_config import BackupSettings, OvirtConnection, read_backup_file, read_backup_text
from fiwareglancesync.vms.slave_address import SlaveAddress, read_slave
from fiwareglancesync.vms.vm_options import End, Keep, KeepMethod, Quiesce

LIBVIRT = "[libvirt]\nuri = qemu:///system\n"
OVIRT = "[connection]\nserver = https://e/api\nuser_name = a@internal\npassword = pw-1\nca_file = /ca.pem\n"


def settings(text: str) -> BackupSettings:
    return read_backup_text(text.encode(), "backup.cfg").settings


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        read_backup_text(text.encode(), "backup.cfg")
    return refused.value.problems


def test_the_file_of_the_original_is_enough() -> None:
    found = settings(OVIRT + "[snapshot]\n[logging]\nlogger_conf = /etc/logger.conf\n")
    assert found.ovirt == OvirtConnection("https://e/api", "a@internal", "pw-1", "/ca.pem")
    assert (found.wait_timeout, found.merge_timeout, found.merge_parallel) == (600, 7200, 2)
    assert (found.method, found.end, found.scheduler) == (KeepMethod(), End.PAUSE, "builtin")
    assert "pw-1" not in repr(found)


def test_every_key_has_effect() -> None:
    text = (
        LIBVIRT + "[snapshot]\nwait_timeout = 5min\nmerge_timeout = 1h\nmerge_parallel = 3\nquiesce = require\n"
        "[replication]\nscheduler = /srv/georep/schedule_georep.py\nend = stop\nstall = 60\nmin_free_master = 20\n"
        "[generations]\nmethod = alternate\nalternate = copy-2\nkeep = 4\n[slave]\nssh = root@gs\n"
        "[state]\nfolder = /srv/state\n[notify]\nsmtp_port = 25\n"
    )
    assert settings(text) == BackupSettings(
        None, "qemu:///system", 300, 3600, 3, Quiesce.REQUIRE, "", "/srv/georep/schedule_georep.py", End.STOP, 60, 20,
        KeepMethod(Keep.ALTERNATE), "copy-2", 4, "root@gs", "/srv/state", MailSettings(smtp_port=25),
    )  # fmt: skip


def test_a_command_has_a_path() -> None:
    found = settings(LIBVIRT + "[generations]\nmethod = command /usr/local/bin/keep it\n")
    assert found.method == KeepMethod(Keep.COMMAND, "/usr/local/bin/keep it")
    for wrong in ("command", "none /x", "twice"):
        [problem] = problems(LIBVIRT + f"[generations]\nmethod = {wrong}\n")
        assert problem.startswith("backup.cfg:4: [generations] method: found")


def test_all_mistakes_are_reported_at_once_with_their_places() -> None:
    found = problems(
        "[connection]\nserver = http://e\nuser_name = a\n[snapshot]\nquiesce = maybe\n[generations]\nmethod = alternate"
    )
    assert [problem.partition(": found")[0].partition(": expected")[0] for problem in found] == [
        "backup.cfg:2: [connection] server",
        "backup.cfg:5: [snapshot] quiesce",
        "backup.cfg:1: [connection] password",
        "backup.cfg:1: [connection] ca_file",
        "backup.cfg:6: [generations] alternate",
    ]


def test_one_engine_is_named() -> None:
    assert problems("[snapshot]\n") == ["backup.cfg: expected a section [connection] for oVirt, or [libvirt]"]
    [problem] = problems(OVIRT + LIBVIRT)
    assert "expected one of the two" in problem


def test_an_engine_that_is_not_verified_is_warned_of() -> None:
    found = read_backup_text(OVIRT.replace("ca_file = /ca.pem", "insecure = true").encode(), "backup.cfg")
    assert found.settings.ovirt is not None
    assert found.settings.ovirt.insecure
    [warning] = found.warnings
    assert "the engine is not verified" in warning


def test_what_is_not_known_is_a_warning() -> None:
    found = read_backup_text((LIBVIRT + "[snapshots]\nx = 1\n[slave]\nshh = gs\n").encode(), "backup.cfg")
    assert found.warnings == (
        "backup.cfg:3: unknown section [snapshots], ignored; did you mean [snapshot]?",
        "backup.cfg:6: [slave] shh: unknown key, ignored; did you mean ssh?",
    )


def test_a_password_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "backup.cfg"
    file.write_text(OVIRT)
    file.chmod(0o600)
    assert read_backup_file(file).warnings == ()
    file.chmod(0o644)
    [warning] = read_backup_file(file).warnings
    assert "others may read this file" in warning
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_backup_file(tmp_path / "none.cfg")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("gs", SlaveAddress("gs", "copy")),
        ("root@gs", SlaveAddress("gs", "copy")),
        ("geo@gs.example", SlaveAddress("gs.example", "copy", "geo")),
    ],
)
def test_a_slave_is_named_by_host_or_user_and_host(host: str, address: SlaveAddress) -> None:
    assert read_slave(host, "copy") == address


@pytest.mark.parametrize(
    ("host", "volume"),
    [
        *((host, "v") for host in ("", "-x", "a b", "@gs", "a::b", "gs\n")),
        *(("gs", volume) for volume in ("", "-v", "a/b", "v\n")),
    ],
)
def test_other_words_are_wrong_usage(host: str, volume: str) -> None:
    with pytest.raises(UsageError):
        read_slave(host, volume)


def test_a_second_volume_without_a_name_is_a_mistake() -> None:
    [problem] = problems(LIBVIRT + "[generations]\nmethod = alternate\nalternate =\n")
    assert problem == "backup.cfg:5: [generations] alternate: expected a volume, for method = alternate"


def test_the_folder_of_the_state_is_the_same_wherever_the_command_is_called() -> None:
    [problem] = problems(LIBVIRT + "[state]\nfolder = state\n")
    assert problem == "backup.cfg:4: [state] folder: found 'state', expected an absolute path"


def test_a_zero_byte_is_named_with_its_line() -> None:
    [problem] = problems(LIBVIRT + "[state]\nfolder = /srv/\0\n")
    assert problem == "backup.cfg:4: found the byte 0x00, expected UTF-8 text; remove it"
