"""A digest as plain text (volumes 6)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.volumes.digests.digest import project_page, whole_page
from fiwareglancesync.volumes.digests.digest_text import digest_text
from tests.support.digests import ANALYTICS, USUAL, of_names

EXPECTED = """\
Volume backups of Default/analytics
Region: RegionOne
2026-11-27 06:00 to 2026-11-28 06:00 (UTC)
0 failed, 0 late, 0 skipped, 0 unprotected, 2 good, 0 expired

Good backups: 2
===============
* spark-01-hdfs (server spark-01)
    spark-01_spark-01-hdfs_20261127T223100Z, full, 500 GiB
    2026-11-27 22:31, until 2026-11-28 05:02 (6 h 32 min)
* spark-02-hdfs (server spark-02)
    spark-02_spark-02-hdfs_20261127T224400Z, incremental, 40 GiB
    2026-11-27 22:44, until 23:15 (31 min)

Quotas
======
* Backups: 30 of 50 in use, 0 reserved: 60 % (medium)
* Size of backups: 12400 GiB in use, 0 GiB reserved, no limit
"""


def test_a_project_reads_its_own() -> None:
    assert digest_text(project_page(USUAL, ANALYTICS)) == EXPECTED


def test_in_that_of_all_projects_rows_say_whose_they_are() -> None:
    lines = digest_text(whole_page(USUAL)).splitlines()
    assert lines[0] == "Volume backups of all projects"
    assert lines.count("Default/web:") == 6
    assert "* Default/web: Backups: 86 of 100 in use, 2 reserved: 88 % (high)" in lines
    assert "* Default/web: Server web-02: the metadata backup-retention is '2 weeks'" in "\n".join(lines)


def test_what_is_left_out_is_counted() -> None:
    lines = digest_text(whole_page(USUAL, max_rows=6)).splitlines()
    assert [line for line in lines if line.startswith("... and")] == ["... and 1 more"] * 2 + [
        "... and 2 more", "... and 5 more", "... and 2 more"
    ]  # fmt: skip


@given(st.text(), st.text())
def test_no_name_and_no_text_adds_a_line(name: str, text: str) -> None:
    lines = digest_text(whole_page(of_names(name, text))).split("\n")
    assert all(line.isprintable() for line in lines)
    assert len(lines) == len(digest_text(whole_page(of_names("x", "y"))).split("\n")) - (0 if name else 1)
