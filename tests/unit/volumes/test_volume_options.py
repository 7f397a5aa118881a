"""Section ``[volumes]`` of the configuration (volumes 2–5)."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.config.option_tables import Option
from fiwareglancesync.config.reader import Configuration
from fiwareglancesync.kinds import SECTIONS, option_tables
from fiwareglancesync.volumes.volume_model import VolumeSettings
from fiwareglancesync.volumes.volume_options import VOLUME_OPTIONS, read_volume_settings, volumes_section

WHOLE = """[volumes]
region = Spain
backup_metadata_key = keep
skip_metadata_key = skip
backup_interval = 12h
min_interval = 2h
backup_window = 22:00 - 6:00
timezone = Europe/Madrid
cycle = 5min
full_backup_depth = 6
max_running = 8
max_running_per_project = 3
max_running_per_host = 4
retention = 1mon
min_retention = 1w
max_retention = 2y
retention_may_shrink = yes
keep_at_least = 2
keep_after_deletion = 60d
settle = 20min
backup_timeout = 1d
reconcile = 3h
report_period = 7d
policy_listen = [::1]:9000
allowed_clients = 192.0.2.7, 2001:db8::/64
account_id = 7ac8
"""


class Volumes:
    """Reads the section from a file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "glancesync.conf"
        self.problems: list[str] = []

    def read(self, text: str, *words: str) -> VolumeSettings:
        self._file.write_text(text)
        configuration = Configuration(str(self._file), words, {}, option_tables(), lambda *_: None)
        settings = read_volume_settings(configuration)
        self.problems = [problem.replace(str(self._file), "FILE") for problem in configuration.findings.problems]
        return settings


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    return Volumes(tmp_path)


def test_every_key_is_read(volumes: Volumes) -> None:
    hour, day = 3600, 86400
    assert volumes.read(WHOLE) == VolumeSettings(
        region="Spain", backup_metadata_key="keep", skip_metadata_key="skip", backup_interval=12 * hour,
        min_interval=2 * hour, backup_window=(22 * 60, 6 * 60), timezone="Europe/Madrid", cycle=300,
        full_backup_depth=6, max_running=8, max_running_per_project=3, max_running_per_host=4, retention=30 * day,
        min_retention=7 * day, max_retention=730 * day, retention_may_shrink=True, keep_at_least=2,
        keep_after_deletion=60 * day, settle=1200, backup_timeout=day, reconcile=3 * hour, report_period=7 * day,
        policy_listen="[::1]:9000", allowed_clients=("192.0.2.7", "2001:db8::/64"), account_id="7ac8",
    )  # fmt: skip
    assert volumes.problems == []


def test_every_setting_has_an_option_with_its_help() -> None:
    assert {option.key for option in VOLUME_OPTIONS} == {field.name for field in fields(VolumeSettings)}
    assert all(option.help.endswith(".") for option in VOLUME_OPTIONS)
    assert SECTIONS["volumes"]() == volumes_section()


DESCRIBED = {"region", "backup_window", "backup_timeout", "allowed_clients", "account_id"}
"""Keys whose default is no value; it is described in words."""


@pytest.mark.parametrize("option", [option for option in VOLUME_OPTIONS if option.key not in DESCRIBED])
def test_the_default_that_is_shown_is_the_default(option: Option, volumes: Volumes) -> None:
    text = volumes_section().default_text(option)
    assert getattr(volumes.read(f"[volumes]\n{option.key} = {text}\n"), option.key) == getattr(
        VolumeSettings(), option.key
    )
    assert volumes.problems == []


def test_other_defaults_are_described() -> None:
    table = volumes_section()
    shown = {option.key: table.default_text(option) for option in VOLUME_OPTIONS if option.key in DESCRIBED}
    assert shown == {
        "region": "that of the account",
        "backup_window": "always",
        "backup_timeout": "12h, or 1h and 1h for each 100 GiB of the volume where that is longer",
        "allowed_clients": "all that reach it",
        "account_id": "none",
    }


def test_without_the_section_the_defaults_hold(volumes: Volumes) -> None:
    assert volumes.read("[main]\n") == VolumeSettings()
    assert volumes.problems == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("backup_window = 22-6", "found '22-6', expected two different times of the day such as 22:00-06:00"),
        ("backup_window = 22:00-22:00", "found '22:00-22:00', expected two different times"),
        ("backup_window = 00:00-24:00", "found '00:00-24:00', expected two different times"),
        ("backup_window = 25:00-06:00", "found '25:00-06:00', expected two different times"),
        ("backup_window = 22:60-06:00", "found '22:60-06:00', expected two different times"),
        ("timezone = Madrid", "found 'Madrid', expected the name of a time zone such as Europe/Madrid"),
        ("timezone = Europe", "found 'Europe', expected the name of a time zone"),
        ("timezone = ../../etc/passwd", "found '../../etc/passwd', expected the name of a time zone"),
        ("backup_interval = 0", "found '0', expected a time such as 24h"),
        ("retention = 101y", "found '101y', expected a time such as 24h, 1d12h, 2w or 3600 (seconds), more than 0"),
        ("full_backup_depth = -1", "found '-1', expected a whole number, 0 or more"),
        ("max_running = 0", "found '0', expected a positive whole number"),
        ("policy_listen = 8808", "found '8808', expected HOST:PORT, [ADDRESS]:PORT or unix:PATH"),
        ("allowed_clients = 192.0.2.7/24", "found '192.0.2.7/24', expected addresses and networks"),
        ("allowed_clients = cinder", "found 'cinder', expected addresses and networks"),
        ("backup_metadata_key =", "the name of the metadata item is missing; leave the line out for the default"),
        ("skip_metadata_key =", "the name of the metadata item is missing"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(volumes: Volumes, line: str, problem: str) -> None:
    volumes.read(f"[volumes]\n{line}\n")
    (found,) = volumes.problems
    key = line.partition(" ")[0]
    assert found.startswith(f"FILE:2: [volumes] {key}: {problem}")


def test_the_end_of_the_day_may_be_written_as_24_00(volumes: Volumes) -> None:
    assert volumes.read("[volumes]\nbackup_window = 18:00-24:00\n").backup_window == (18 * 60, 0)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("min_interval = 2d", "2: [volumes] min_interval: min_interval is 2d, and backup_interval 1d"),
        ("backup_interval = 30min", "2: [volumes] backup_interval: min_interval is 1h, and backup_interval 30min"),
        ("cycle = 2h", "2: [volumes] cycle: cycle is 2h, and min_interval 1h"),
        ("settle = 2h", "2: [volumes] settle: settle is 2h, and min_interval 1h"),
        ("retention = 3d", "2: [volumes] retention: min_retention is 7d, and retention 3d"),
        ("retention = 2y", "2: [volumes] retention: retention is 730d, and max_retention 365d"),
        ("\nmin_retention = 3w", "3: [volumes] min_retention: min_retention is 21d, and retention 14d"),
        ("max_retention = 1w", "2: [volumes] max_retention: retention is 14d, and max_retention 7d"),
    ],
)
def test_values_that_contradict_each_other_are_named_with_the_line(volumes: Volumes, lines: str, problem: str) -> None:
    volumes.read(f"[volumes]\n{lines}\n")
    (found,) = volumes.problems
    shorter = problem.partition(": ")[2].partition(": ")[2].partition(" ")[0]
    assert found == f"FILE:{problem}; expected {shorter} to be the shorter one"


def test_a_window_that_may_be_missed_is_named(volumes: Volumes) -> None:
    volumes.read("[volumes]\nbackup_window = 23:58-00:03\n")
    assert volumes.problems == [
        "FILE:2: [volumes] backup_window: the window is shorter than cycle (10min), so that it may be missed"
    ]
    volumes.read("[volumes]\nbackup_window = 23:58-00:08\n")
    assert volumes.problems == []


def test_the_command_line_overrides_the_file(volumes: Volumes) -> None:
    assert volumes.read("[volumes]\nretention = 3w\n", "volumes.retention=4w").retention == 28 * 86400
    with pytest.raises(ConfigError, match="retenton"):
        Configuration(None, ["volumes.retenton=4w"], {}, option_tables(), lambda *_: None).raise_problems()
