"""Names of backups are such that Cinder takes them, whatever servers and volumes are called (volumes 2)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.volumes.planning.backup_names import backup_name, usable_name

BEGUN = datetime(2026, 3, 10, 22, 0, 5, 999999, tzinfo=timezone.utc)
TIME = "20260310T220005Z"


def test_a_name_has_the_server_the_volume_and_the_time() -> None:
    assert backup_name("web", "data", BEGUN) == f"web_data_{TIME}"


def test_the_time_is_in_utc() -> None:
    there = BEGUN.astimezone(timezone(timedelta(hours=2)))
    assert backup_name("web", "data", there) == f"web_data_{TIME}"


@pytest.mark.parametrize(
    ("server", "volume", "expected"),
    [
        ("a" * 255, "b" * 255, ("a" * 118, "b" * 119)),
        ("a" * 255, "b" * 10, ("a" * 227, "b" * 10)),
        ("a" * 10, "b" * 255, ("a" * 10, "b" * 227)),
        ("a" * 118, "b" * 119, ("a" * 118, "b" * 119)),
    ],
)
def test_long_names_are_cut_fairly(server: str, volume: str, expected: tuple[str, str]) -> None:
    name = backup_name(server, volume, BEGUN)
    assert name == f"{expected[0]}_{expected[1]}_{TIME}"
    assert len(name) <= 255


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("web\n1", "web_1"),
        ("\u202eweb", "_web"),
        ("a\u200bb", "a_b"),
        ("💾disk", "_disk"),
        ("\ud83ddisk", "_disk"),
        ("a\u2028b", "a_b"),
        ("<b>mañana</b>", "<b>mañana</b>"),
        ("日本語", "日本語"),
        ("  web ", "web"),
    ],
)
def test_what_cinder_refuses_becomes_an_underscore(text: str, clean: str) -> None:
    assert backup_name(text, "data", BEGUN) == f"{clean}_data_{TIME}"
    assert backup_name("web", text, BEGUN) == f"web_{clean}_{TIME}"


@pytest.mark.parametrize("name", ["", "  ", "\n"])
def test_without_a_name_the_id_is_used(name: str) -> None:
    assert usable_name(name, "1234") == "1234"
    assert usable_name("web", "1234") == "web"


@given(st.text(max_size=300), st.text(max_size=300))
def test_every_name_is_one_that_cinder_takes(server: str, volume: str) -> None:
    name = backup_name(server, volume, BEGUN)
    assert len(name) <= 255
    assert re.fullmatch(rf"[^\x00-\x1f\x7f-\x9f\U00010000-\U0010ffff]*_{TIME}", name)
    assert name.encode("utf-8")
