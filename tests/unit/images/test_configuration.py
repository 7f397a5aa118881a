"""What the keys of the configuration become, and how a wrong value is reported (sync 2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

DIGEST = "9046fd22131a96502cb0d85b4a406a5a"


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("spool_size = 10G", "spool_size", 10 * 2**30),
        ("spool_size = 500 MiB", "spool_size", 500 * 2**20),
        ("spool_size = 12", "spool_size", 12),
        ("bandwidth = 50M/s", "bandwidth", 50 * 2**20),
        ("bandwidth = 0", "bandwidth", 0),
        ("leftover_age = 90m", "leftover_age", 5400),
        ("leftover_age = 90 M", "leftover_age", 5400),
        ("leftover_age = 90min", "leftover_age", 5400),
        ("leftover_age = 2d", "leftover_age", 172800),
        ("leftover_age = 1mon", "leftover_age", 30 * 86400),
        ("leftover_age = 0h1s", "leftover_age", 1),
        (
            "leftover_age = 1y2mon3w4d5h6min7s",
            "leftover_age",
            (365 + 2 * 30 + 3 * 7 + 4) * 86400 + 5 * 3600 + 6 * 60 + 7,
        ),
        ("leftover_age = 2h 30m", "leftover_age", 9000),
        ("leftover_age = 3600", "leftover_age", 3600),
        ("leftover_age =", "leftover_age", 86400),
        ("transfer = File", "transfer", "file"),
        ("spool_dir = /var/spool/x", "spool_dir", Path("/var/spool/x")),
        ("images_dir = ~/images", "images_dir", Path.home() / "images"),
        ("images_dir = 100%/x", "images_dir", Path("100%/x")),
        ("database = postgresql://u:p@h/db", "database", "postgresql://u:p@h/db"),
        ("max_children = 1", "max_children", 1),
        ("master_region = master:Trento", "master_region", "Trento"),
    ],
)
def test_global_options(reading: Any, line: str, field: str, value: object) -> None:
    assert getattr(reading.settings(f"[main]\n{line}\n"), field) == value


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        (f"replace = {DIGEST.upper()}, Any", "replace", {DIGEST, "any"}),
        ("rename = any", "rename", {"any"}),
        ("dontupdate =", "dontupdate", set()),
        ("only_tenant_images = No", "only_tenant_images", False),
        ("only_tenant_images = ON", "only_tenant_images", True),
        ("support_obsolete_images = 0", "support_obsolete_images", False),
        ("obsolete_syncprops = a, b ,", "obsolete_syncprops", {"a", "b"}),
        ("list_images_timeout = 5", "list_images_timeout", 5),
        ("list_images_timeout = 1min30s", "list_images_timeout", 90),
        ("connect_timeout = 7d", "connect_timeout", 7 * 86400),
        ("answer_timeout = 2min", "answer_timeout", 120),
        ("idle_timeout =", "idle_timeout", 60),
        ("retry_timeout = 60", "retry_timeout", 60),
        ("upload_answer_timeout = 1h", "upload_answer_timeout", 3600),
        ("import_timeout = 1h", "import_timeout", 3600),
        ("slowest_rate = 512K", "slowest_rate", 512 * 2**10),
        ("max_replacements = 10", "max_replacements", 10),
        ("max_replacements = 0", "max_replacements", 0),
        ("store = ceph", "store", "ceph"),
        ("tenant_id = 77", "tenant_id", "77"),
        ("tenant_id = 77", "mock_project", "77"),
        ("store =", "mock_project", "tenantid"),
        ("ignore_regions = b, a", "ignore_regions", ("b", "a")),
        ("use_keystone_v3 = True", "max_replacements", 0),
    ],
)
@pytest.mark.parametrize("section", ["DEFAULT", "master"])
def test_target_options(reading: Any, section: str, line: str, field: str, value: object) -> None:
    settings = reading.settings(f"[{section}]\n{line}\n")
    assert getattr(settings.master, field) == value
    assert settings.warnings == ()


def test_a_target_wins_over_default_and_an_empty_value_brings_the_programs_default_back(reading: Any) -> None:
    text = "[DEFAULT]\nreplace = any\nlist_images_timeout = 5\n[master]\nreplace =\nlist_images_timeout =\n"
    master = reading.settings(text).master
    assert master.replace == frozenset()
    assert master.list_images_timeout == 30


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "1_0", "١", "9" * 30])
@pytest.mark.parametrize(("section", "key"), [("main", "max_children"), ("master", "uploads_per_region")])
def test_positive_whole_numbers(reading: Any, section: str, key: str, value: str) -> None:
    assert reading.problems(f"[{section}]\n{key} = {value}\n") == [
        f"FILE:2: [{section}] {key}: found '{value}', expected a positive whole number"
    ]


@pytest.mark.parametrize(
    ("section", "line", "expected"),
    [
        (
            "main",
            "spool_size = big",
            "found 'big', expected a size such as 500M or 10G (0: no limit of its own)",
        ),
        ("main", "bandwidth = -1", "found '-1', expected bytes a second, such as 50M (0: no limit)"),
        (
            "main",
            "leftover_age = 0",
            "found '0', expected a time such as 24h, 1d12h, 90min or 3600 (seconds), more than 0",
        ),
        *(
            (
                "master",
                f"list_images_timeout = {value}",
                f"found '{value}', expected a time such as 30 (seconds), 5min or 1h30min, from 1s to 7d",
            )
            for value in ("0", "-1", "many", "1.5", "30s5min", "1h1h", "8d", "0min", "٣s", f"{'9' * 20}s")
        ),
        ("master", "retry_timeout = 59s", "found '59s', expected a time such as 5min or 1h, from 1min to 7d"),
        ("master", "slowest_rate = 0", "found '0', expected bytes a second, such as 4M, more than 0"),
        ("main", "transfer = pigeon", "found 'pigeon', expected one of auto, file, stream, spool, server"),
        ("main", "database = u:secret@h", "expected a database URL such as postgresql://host/name"),
        ("main", "images_dir = ~nobody-of-that-name/x", "found '~nobody-of-that-name/x', expected a path"),
        ("main", "master_region = other:X", "found 'other:X', expected a region of the master target"),
        ("master", "max_replacements = -1", "found '-1', expected a whole number, 0 or more"),
        ("master", "only_tenant_images = maybe", "found 'maybe', expected True or False"),
        ("master", "insecure = perhaps", "found 'perhaps', expected True or False"),
        (
            "master",
            "interface = private",
            "found 'private', expected one of public, internal, admin, or several of them",
        ),
        ("master", "keystone_url = host:5000", "expected an address that starts with http:// or https://"),
        ("master", "use_keystone_v3 = 3", "found '3', expected True or False"),
    ],
)
def test_a_wrong_value_is_reported_with_file_section_key_and_what_is_expected(
    reading: Any, section: str, line: str, expected: str
) -> None:
    key = line.partition(" =")[0]
    assert reading.problems(f"[{section}]\n{line}\n") == [f"FILE:2: [{section}] {key}: {expected}"]
