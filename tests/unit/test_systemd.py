"""The units of systemd in the examples are right, and start what there is with words that it takes."""

from __future__ import annotations

import configparser
import shlex
import subprocess
from pathlib import Path

import pytest

from fiwareglancesync.api.server_command import cli
from fiwareglancesync.cli.snapshots_command import build_parser as build_snapshots_parser
from fiwareglancesync.cli.sync_arguments import parse_arguments
from fiwareglancesync.cli.vault_arguments import parse_arguments as parse_vault_arguments
from fiwareglancesync.cli.vms_command import build_parser as build_vms_parser
from fiwareglancesync.cli.volumes_command import build_parser as build_volumes_parser
from fiwareglancesync.commands import command_of
from tests.support.programs import program

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "systemd"
UNITS = sorted(path.name for path in FOLDER.iterdir())
SERVICES = [name for name in UNITS if name.endswith(".service")]
TIMERS = [name for name in UNITS if name.endswith(".timer")]
AS_ROOT = ["glancesync-vms.service"]
"""It mounts volumes."""

INSTALLED = "/opt/glancesync/bin/"


class _Unit(dict[str, list[str]]):
    """A section of a unit, where a key may come several times."""

    def __setitem__(self, key: str, value: list[str] | str) -> None:
        if isinstance(value, list) and key in self:
            self[key].extend(value)
        else:
            super().__setitem__(key, value)  # type: ignore[assignment]


def unit(name: str) -> configparser.RawConfigParser:
    """A unit, taken apart; several lines of one key are one value."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), dict_type=_Unit)  # type: ignore[arg-type]
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(FOLDER / name)
    return parser


def commands(service: str) -> list[list[str]]:
    """The words of a service's commands, the program's name first."""
    found = []
    for line in unit(service)["Service"]["ExecStart"].splitlines():
        program, *words = shlex.split(line)
        assert program.startswith(INSTALLED)
        found.append([program.removeprefix(INSTALLED), *words])
    return found


def test_systemd_has_nothing_to_say(tmp_path: Path) -> None:
    for service in SERVICES:
        for program_name, *_ in commands(service):
            (tmp_path / program_name).touch(0o755)
    for name in UNITS:
        text = (FOLDER / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace(INSTALLED, f"{tmp_path}/"), encoding="utf-8")
    words = [program("systemd-analyze"), "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if str(tmp_path) in line]) == (0, [])


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_started_with_words_that_its_program_takes(service: str) -> None:
    for program_name, *words in commands(service):
        if program_name == "glancesync-server":
            cli.commands[words[0]].make_context(words[0], words[1:])
            continue
        assert program_name == "glancesync"
        if words[0] == "vault":
            parse_vault_arguments(words[1:], "glancesync vault")
        elif words[0] == "volumes":
            build_volumes_parser("glancesync volumes").read(words[1:])
        elif words[0] == "vms":
            build_vms_parser("glancesync vms").read(words[1:])
        elif words[0] == "snapshots":
            build_snapshots_parser("glancesync snapshots").read(words[1:])
        elif command_of(words) is None:
            parse_arguments(words, program_name)


@pytest.mark.parametrize("service", [name for name in SERVICES if name not in AS_ROOT])
def test_a_service_has_an_account_and_a_folder_of_its_own(service: str) -> None:
    section = unit(service)["Service"]
    assert section["User"] == "glancesync"
    assert section["WorkingDirectory"] == f"/var/lib/{section['StateDirectory']}"
    assert section["StateDirectoryMode"] == "0700"
    assert section["NoNewPrivileges"] == "yes"


def test_conductor_and_policy_server_use_the_same_database_and_account() -> None:
    conductor, policy = (unit(f"glancesync-{name}.service")["Service"] for name in ("volumes", "policy"))
    assert "GLANCESYNCAPP_DATABASE_PATH=/var/lib/glancesync" in conductor["Environment"].splitlines()
    assert policy["Environment"] == conductor["Environment"]
    assert policy["EnvironmentFile"] == conductor["EnvironmentFile"]


@pytest.mark.parametrize("service", SERVICES)
def test_runs_of_the_account_find_each_others_locks(service: str) -> None:
    section = unit(service)["Service"]
    assert "PrivateTmp" not in section
    assert "/tmp" in section["ReadWritePaths"].split()


@pytest.mark.parametrize("timer", TIMERS)
def test_a_timer_starts_the_service_of_its_name(timer: str) -> None:
    assert timer.replace(".timer", ".service") in SERVICES
    assert unit(timer)["Timer"]["OnCalendar"]
    assert unit(timer)["Install"]["WantedBy"] == "timers.target"


@pytest.mark.parametrize("service", [name for name in SERVICES if "vault" in name])
def test_a_service_of_a_vault_waits_for_its_disk_and_has_a_timer(service: str) -> None:
    assert unit(service)["Unit"]["RequiresMountsFor"] == "/srv/vault"
    assert ("-/srv/vault" in unit(service)["Service"]["ReadWritePaths"].split()) == ("check" not in service)
    assert service.replace(".service", ".timer") in TIMERS
