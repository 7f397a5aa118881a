"""CSV rows: ours come back exactly, others are read leniently, bad ones are named."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest
from hypothesis import given

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places.embedded.csv_rows import format_rows, parse_properties, parse_rows

from .strategies import ANY_TEXT, CSV_FIELDS, PROPERTIES, REGION, images

GOOD = "Burgos,name,id1,active,10,abc,owner1,True,{}\r\n"


def read(text: str) -> list[Image]:
    return list(parse_rows(text, REGION, "backup_Burgos.csv"))


def refusal(text: str) -> str:
    """Why a text is not read, "" when it is."""
    try:
        read(text)
    except ConfigError as problem:
        return str(problem)
    return ""


def write(some: list[Image]) -> str:
    return "".join(format_rows(some))


@given(images(CSV_FIELDS))
def test_what_was_written_is_read(some: list[Image]) -> None:
    numbered = [replace(image, created_at=f"{n:012d}") for n, image in enumerate(some, 1)]
    assert read(write(some)) == numbered
    assert write(read(write(some))) == write(some)


@given(images(CSV_FIELDS))
def test_others_can_read_it(some: list[Image]) -> None:
    rows = list(csv.reader(io.StringIO(write(some).replace("\0", "0"), newline="")))
    assert [row[2] for row in rows] == [image.id.replace("\0", "0") for image in some]


@given(ANY_TEXT)
def test_no_text_is_read_without_a_reason_or_a_row(text: str) -> None:
    rows = [line for line in text.splitlines() if line.strip()]
    assert re.match(r"backup_Burgos\.csv:\d+: .*, expected ", refusal(text)) or len(read(text)) <= len(rows)


@given(PROPERTIES)
def test_properties_are_read_as_python_writes_them(properties: dict[str, str]) -> None:
    assert parse_properties(repr(properties)) == properties


@pytest.mark.parametrize(
    ("text", "properties"),
    [
        ("", {}),
        ("{}", {}),
        (" { } ", {}),
        ("{u'nid': u'12'}", {"nid": "12"}),
        ("{'nid': 12, 'b': -3}", {"nid": "12", "b": "-3"}),
        ("{'a': True}", {"a": "True"}),
        ("{'gone': None, 'a': 'b'}", {"a": "b"}),
        ('{"a": "b", "n": 1, "gone": null}', {"a": "b", "n": "1"}),
        ('{"a": "\\/x"}', {"a": "/x"}),
        ('{"face": "\\ud83d\\ude00"}', {"face": "\U0001f600"}),
        ('{"it\'s": "\\/x"}', {"it's": "/x"}),
        ("{'a': 'x\\ty\\x00'}", {"a": "x\ty\0"}),
    ],
)
def test_properties_are_read_leniently(text: str, properties: dict[str, str]) -> None:
    assert parse_properties(text) == properties


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "{'a': open('/etc/passwd')}",
        "{'a': 'b'}['a']",
        "{'a': ['b']}",
        "{'a': 1.5}",
        "{1: 'a'}",
        "{'a': {'b': 'c'}}",
        "['a']",
        "{'a'}",
        "{'a': 'b'",
        "{" * 5000,
        "{'a': " + "-" * 5000 + "1}",
        "{'a': " + "9" * 5000 + "}",
        "{'a': 9**9**9}",
        "nonsense",
    ],
)
def test_what_is_no_dictionary_of_texts_is_refused_and_never_evaluated(text: str) -> None:
    quoted = text.replace('"', '""')
    with pytest.raises(ConfigError, match=r"^backup_Burgos\.csv:2: .*, expected "):
        read(GOOD + f'Burgos,name,id2,active,10,abc,owner1,True,"{quoted}"\n')


def test_properties_of_absurd_length_are_refused() -> None:
    with pytest.raises(ConfigError, match="characters, expected at most"):
        read(f'Burgos,name,id2,active,10,abc,owner1,True,"{{{" " * 2**24}}}"\n')


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n \n", "\r\n\r\n"])
def test_line_ends_and_blank_lines_do_not_matter(end: str) -> None:
    rows = [GOOD.strip(), GOOD.strip().replace("id1", "id2")]
    assert [image.id for image in read(end.join(rows))] == ["id1", "id2"]


def test_an_empty_text_has_no_images() -> None:
    assert read("") == []


def test_the_region_is_what_the_file_says() -> None:
    assert [image.region for image in read(GOOD)] == [REGION]


def test_fields_mean_what_the_contract_says() -> None:
    (image,) = read("Burgos,n,i,queued,,,own,False,{'a': 'b'}\n")
    assert (image.size, image.checksum, image.owner, image.status) == (None, None, "own", "queued")
    assert (image.visibility, image.exact_visibility, image.is_public) == ("private", False, False)
    assert image.user_properties == {"a": "b"}


def test_fields_may_be_longer_than_the_csv_module_likes() -> None:
    before = csv.field_size_limit()
    (image,) = read(f"Burgos,{'n' * 200_000},i,active,1,c,own,True,{{}}\n")
    assert len(image.name) == 200_000
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("Burgos,name,id2", "3 fields, expected 9: region, name, UUID"),
        (GOOD.strip() + ",more", "10 fields, expected 9"),
        ("Burgos,name,,active,10,abc,o,True,{}", "the UUID is empty"),
        ("Burgos,name,id2,,10,abc,o,True,{}", "the status is empty"),
        ("Burgos,name,id2,active,ten,abc,o,True,{}", "the size is 'ten', expected a whole number"),
        ("Burgos,name,id2,active,-1,abc,o,True,{}", "the size is '-1'"),
        ("Burgos,name,id2,active,1_0,abc,o,True,{}", "the size is '1_0'"),
        ("Burgos,name,id2,active,9223372036854775808,abc,o,True,{}", "the size is"),
        ("Burgos,name,id2,active,10,abc,o,maybe,{}", "is public is 'maybe', expected True or False"),
        ("Burgos,name,id1,active,10,abc,o,True,{}", "the UUID 'id1' stands in line 1 too"),
        ('Burgos,"name,id2,active,10,abc,o,True,{}', "unexpected end of data"),
        ('Burgos,"na"me,id2,active,10,abc,o,True,{}', "expected"),
    ],
)
def test_a_bad_row_is_named(row: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(GOOD + row + "\n")
    assert str(refused.value).startswith("backup_Burgos.csv:2: ")
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_the_line_is_where_the_row_begins() -> None:
    with pytest.raises(ConfigError, match=r"^backup_Burgos\.csv:5: "):
        read('\nBurgos,"two\nlines",id1,active,10,abc,o,True,{}\n\nbad row\n')
