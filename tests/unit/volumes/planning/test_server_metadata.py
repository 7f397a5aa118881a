"""Metadata of servers say what is backed up, how often, and how long it is kept (volumes 2, 3)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.openstack.cloud_model import Server, Volume
from fiwareglancesync.volumes.planning.server_metadata import Marked, find_marked, is_true, parse_duration
from fiwareglancesync.volumes.volume_model import VolumeSettings
from tests.support.volumes import MARK, make_server, make_volume

SETTINGS = VolumeSettings()
HOUR, DAY = 3600, 86400


def marked(servers: list[Server], volumes: list[Volume], settings: VolumeSettings = SETTINGS) -> Marked:
    return find_marked(servers, {volume.id: volume for volume in volumes}, settings)


def times(metadata: Mapping[str, str], settings: VolumeSettings = SETTINGS) -> tuple[int, int, list[str]]:
    found = marked([make_server(metadata={**MARK, **metadata})], [make_volume()], settings)
    volume = found.volumes["v1"]
    return volume.interval, volume.retention, [text for _, text in found.warnings]


@pytest.mark.parametrize("text", ["true", "yes", "on", "1", "TRUE", "Yes", " on ", "\t1\n"])
def test_these_values_mean_yes(text: str) -> None:
    assert is_true(text)


@pytest.mark.parametrize("text", [None, "", "false", "no", "off", "0", "y", "2", "wahr", "true yes", "１"])
def test_all_other_values_mean_no(text: str | None) -> None:
    assert not is_true(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1y", 365 * DAY),
        ("1mon", 30 * DAY),
        ("2w", 14 * DAY),
        ("7d", 7 * DAY),
        ("36h", 36 * HOUR),
        ("90min", 90 * 60),
        ("30s", 30),
        ("1y1mon1w1d1h1min1s", (365 + 30 + 7 + 1) * DAY + HOUR + 61),
        (" 1d12h ", 36 * HOUR),
        ("0d1h", HOUR),
        ("007d", 7 * DAY),
    ],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0d",
        "12",
        "1.5d",
        "-1d",
        "1d 2h",
        "1h1d",
        "1D",
        "1m",
        "1mo",
        "d",
        "1d1d",
        "٣d",
        "1d\x00",
        "9" * 16 + "s",
    ],
)
def test_everything_else_is_no_duration(text: str) -> None:
    assert parse_duration(text) is None


@given(st.text())
def test_no_text_breaks_the_reading_of_a_duration(text: str) -> None:
    seconds = parse_duration(text)
    assert seconds is None or seconds > 0


def test_volumes_of_marked_servers_are_backed_up() -> None:
    servers = [
        make_server("s1"),
        make_server("s2", ["v2"], metadata={}),
        make_server("s3", ["v3"], metadata={"backup": "no"}),
    ]
    found = marked(servers, [make_volume(f"v{number}") for number in (1, 2, 3)])
    assert list(found.volumes) == ["v1"]
    assert [server.id for server in found.unprotected] == ["s2", "s3"]


def test_a_star_means_every_server() -> None:
    settings = VolumeSettings(backup_metadata_key="*")
    found = marked(
        [make_server("s1", metadata={}), make_server("s2", ["v2"])], [make_volume(), make_volume("v2")], settings
    )
    assert list(found.volumes) == ["v1", "v2"]
    assert not found.unprotected


def test_the_mark_may_have_another_name() -> None:
    settings = VolumeSettings(backup_metadata_key="keep", skip_metadata_key="not-this")
    volumes = [make_volume(), make_volume("v2", metadata={"not-this": "yes"})]
    found = marked([make_server(volumes=["v1", "v2"], metadata={"keep": "1"})], volumes, settings)
    assert list(found.volumes) == ["v1"]


def test_a_volume_can_be_left_out() -> None:
    volumes = [
        make_volume(metadata={"skip-volume-backup": "Yes"}),
        make_volume("v2", metadata={"skip-volume-backup": "no"}),
    ]
    found = marked([make_server(volumes=["v1", "v2"])], volumes)
    assert list(found.volumes) == ["v2"]
    assert [(server.id, volume.id) for server, volume in found.skipped] == [("s1", "v1")]


def test_what_cannot_be_backed_up_is_named() -> None:
    found = marked([make_server("s1", []), make_server("s2", ["unknown"])], [])
    assert [server.id for server in found.empty] == ["s1"]
    assert [(server.id, volume_id) for server, volume_id in found.missing] == [("s2", "unknown")]


def test_a_volume_of_several_servers_is_there_once_with_the_shortest_interval_and_the_longest_retention() -> None:
    servers = [
        make_server("s3", metadata={**MARK, "backup-interval": "12h", "backup-retention": "2w"}),
        make_server("s1", metadata={**MARK, "backup-interval": "1d", "backup-retention": "3w"}),
        make_server("s2", metadata={**MARK, "backup-interval": "6h", "backup-retention": "1w"}),
    ]
    volume = marked(servers, [make_volume()]).volumes["v1"]
    assert [server.id for server in volume.servers] == ["s1", "s2", "s3"]
    assert (volume.interval, volume.retention) == (6 * HOUR, 21 * DAY)


def test_a_server_without_the_mark_has_no_say() -> None:
    servers = [make_server("s0", metadata={"backup-interval": "1h"}), make_server("s1")]
    volume = marked(servers, [make_volume()]).volumes["v1"]
    assert [server.id for server in volume.servers] == ["s1"]
    assert volume.interval == DAY


def test_a_server_says_its_times() -> None:
    assert times({}) == (DAY, 14 * DAY, [])
    assert times({"backup-interval": "8h", "backup-retention": "1mon"}) == (8 * HOUR, 30 * DAY, [])


def test_times_stay_within_the_limits_and_the_project_is_warned() -> None:
    interval, retention, warnings = times({"backup-interval": "5min", "backup-retention": "1d"})
    assert (interval, retention) == (HOUR, 7 * DAY)
    assert warnings == [
        "backup-interval is '5min'; the shortest time that is allowed, 1h, is used",
        "backup-retention is '1d'; the shortest time that is allowed, 7d, is used",
    ]
    _, retention, warnings = times({"backup-retention": "900000000000y"})
    assert retention == 365 * DAY
    assert warnings == ["backup-retention is '900000000000y'; the longest time that is allowed, 365d, is used"]


def test_a_text_that_is_no_duration_is_shown_escaped_and_has_no_effect() -> None:
    interval, retention, warnings = times({"backup-retention": "1d\n<b>\x1b[31m"})
    assert (interval, retention) == (DAY, 14 * DAY)
    (warning,) = warnings
    assert warning.startswith(r"backup-retention is '1d\x0a<b>\x1b[31m'; expected [<n>y]")
    assert warning.endswith("14d is used")


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_a_project_writes_the_times_are_within_the_limits(interval: str, retention: str) -> None:
    found = times({"backup-interval": interval, "backup-retention": retention})
    assert SETTINGS.min_interval <= found[0]
    assert SETTINGS.min_retention <= found[1] <= SETTINGS.max_retention
    assert all("\n" not in text and len(text) < 250 for text in found[2])
