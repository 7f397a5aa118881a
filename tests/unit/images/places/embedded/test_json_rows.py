"""JSON Lines hold every field of an image."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places.embedded.json_rows import format_lines, parse_lines

from .strategies import ALL_FIELDS, ANY_TEXT, REGION, images


def read(text: str) -> list[Image]:
    return list(parse_lines(text, REGION, "backup_Burgos.jsonl"))


@given(images(ALL_FIELDS))
def test_what_was_written_is_read(some: list[Image]) -> None:
    text = "".join(format_lines(some))
    assert read(text) == some
    assert "".join(format_lines(read(text))) == text
    assert len(text.split("\n")) == len(some) + 1


@given(ANY_TEXT)
def test_no_text_is_read_without_a_reason_or_a_row(text: str) -> None:
    if text.strip():
        with pytest.raises(ConfigError, match=r"^backup_Burgos\.jsonl:\d+: .*expected "):
            read(text)
    else:
        assert read(text) == []


def test_what_is_not_stated_has_its_default() -> None:
    assert read('{"id": "i", "name": "n"}\n') == [Image("i", "n", REGION, created_at="000000000001")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "expected a JSON object"),
        ("[" * 100_000, "expected a JSON object"),
        ("[]", "expected an object"),
        ('{"id": "i"}', "the field name is missing"),
        ('{"id": "", "name": "n"}', 'id is "", expected a UUID'),
        ('{"id": "i", "name": null}', "name is null, expected text"),
        ('{"id": "i", "name": "n", "nmae": 1}', "unknown field 'nmae'"),
        ('{"id": "i", "name": "n", "size": -1}', "size is -1, expected a whole number or null"),
        ('{"id": "i", "name": "n", "size": true}', "size is true, expected a whole number or null"),
        ('{"id": "i", "name": "n", "size": 9223372036854775808}', "size is"),
        ('{"id": "i", "name": "n", "min_disk": null}', "min_disk is null, expected a whole number"),
        ('{"id": "i", "name": "n", "hidden": 1}', "hidden is 1, expected true or false"),
        ('{"id": "i", "name": "n", "visibility": "open"}', "expected one of public"),
        ('{"id": "i", "name": "n", "visibility": []}', "expected one of public"),
        ('{"id": "i", "name": "n", "tags": "t"}', "expected a list of texts"),
        ('{"id": "i", "name": "n", "user_properties": {"a": 1}}', "expected an object of texts"),
        ('{"id": "first", "name": "n"}', "the UUID 'first' stands in line 1 too"),
    ],
)
def test_a_bad_line_is_named(line: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(f'{{"id": "first", "name": "n"}}\n{line}\n')
    assert str(refused.value).startswith("backup_Burgos.jsonl:2: ")
    assert problem in str(refused.value)


def test_every_field_is_written() -> None:
    (line,) = format_lines([Image("i", "n", REGION, unstated=frozenset({"tags", "hidden"}))])
    assert set(json.loads(line)) == set(Image.__slots__)
    assert json.loads(line)["unstated"] == ["hidden", "tags"]


def test_what_everything_is_stated_of_needs_no_word() -> None:
    (line,) = format_lines([Image("i", "n", REGION)])
    assert set(json.loads(line)) == set(Image.__slots__) - {"unstated"}
