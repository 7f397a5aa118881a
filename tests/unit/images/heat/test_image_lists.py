"""The lists and the table, byte by byte (vault 5.2)."""

from __future__ import annotations

import pytest

from fiwareglancesync.images.heat.image_lists import (
    NEEDED_FILE,
    REGION_FILE,
    SHELF_FILE,
    classify_lists,
    exit_code_of,
    given_lists,
    names_in_list,
    result_files,
)
from fiwareglancesync.images.heat.image_status import ImageStatus, TableRow

LISTS = {
    NEEDED_FILE: ["backup", "gone", "good", "cluster"],
    REGION_FILE: ["backup", "good", "old", "both"],
    SHELF_FILE: ["cluster", "good", "older", "both"],
}
TABLE = (
    b"imageName,inBPs,onDisk,onCluster,Status\r\n"
    b"backup,True,False,True,bkpMissing\r\n"
    b"both,False,True,True,DeleteImage\r\n"
    b"cluster,True,True,False,imageMissing\r\n"
    b"gone,True,False,False,ALERT\r\n"
    b"good,True,True,True,ALLGOOD\r\n"
    b"old,False,False,True,DeleteImage\r\n"
    b"older,False,True,False,DeleteImage\r\n"
)


def test_three_lists_give_the_table_and_a_list_for_each_status() -> None:
    assert result_files(classify_lists(LISTS)) == {
        "ALERT.txt": b"gone\n",
        "ALLGOOD.txt": b"good\n",
        "ImageDelete.txt": b"both\nold\nolder\n",
        "ImageMissing-Cluster.txt": b"cluster\n",
        "ImageMissing-Disk.txt": b"backup\n",
        "table1.csv": TABLE,
    }


def test_the_lists_of_the_places_give_the_same_table_again() -> None:
    rows = classify_lists(LISTS)
    lists = given_lists(rows)
    assert lists[NEEDED_FILE] == b"backup\ncluster\ngone\ngood\n"
    assert classify_lists({file: names_in_list(content) for file, content in lists.items()}) == rows


def test_what_is_shown_apart_is_in_the_table_and_in_no_list() -> None:
    rows = [TableRow("a", True, True, True, ImageStatus.DIFFERS), TableRow("b", True, False, True, ImageStatus.BUSY)]
    files = {**given_lists(rows), **result_files(rows)}
    table = files.pop("table1.csv")
    assert table.splitlines()[1:] == [b"a,True,True,True,Differs", b"b,True,False,True,busy"]
    assert set(files.values()) == {b""}


def test_names_are_quoted_in_the_table_and_have_one_line_in_lists() -> None:
    rows = classify_lists({NEEDED_FILE: ['a "b", c', "line\nbreak", "é"], REGION_FILE: [], SHELF_FILE: []})
    files = result_files(rows)
    assert files["ALERT.txt"].decode() == 'a "b", c\nline\\nbreak\né\n'
    assert b'"a ""b"", c",True,False,False,ALERT\r\n' in files["table1.csv"]


@pytest.mark.parametrize(
    "content", [b"a\nb\n", b"a\r\nb\r\n", b"a\nb", b"\n\nb\n \na\r\nb\na", b"\xef\xbb\xbfa\nb\n", b"b\na\r"]
)
def test_all_forms_of_a_list_mean_the_same(content: bytes) -> None:
    assert names_in_list(content) == {"a", "b"}


def test_an_empty_list_has_no_name() -> None:
    assert names_in_list(b"") == frozenset()


def test_only_line_feeds_end_a_name() -> None:
    assert names_in_list("a\x0bb\u2028c\n".encode()) == {"a\x0bb\u2028c"}


def row(status: ImageStatus, *, needed: bool = True) -> TableRow:
    return TableRow("a", needed, False, False, status)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], 0),
        ([row(ImageStatus.ALL_GOOD), row(ImageStatus.DELETE, needed=False), row(ImageStatus.ELSEWHERE)], 0),
        ([row(ImageStatus.AMBIGUOUS, needed=False), row(ImageStatus.BUSY, needed=False)], 0),
        ([row(ImageStatus.ALL_GOOD), row(ImageStatus.BACKUP_MISSING)], 3),
        ([row(ImageStatus.IMAGE_MISSING)], 3),
        ([row(ImageStatus.AMBIGUOUS)], 3),
        ([row(ImageStatus.ALERT), row(ImageStatus.IMAGE_MISSING)], 4),
    ],
)
def test_an_alert_is_reported_before_the_others(rows: list[TableRow], code: int) -> None:
    assert exit_code_of(rows) == code
