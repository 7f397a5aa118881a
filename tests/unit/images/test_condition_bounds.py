"""The bounds of metadata_condition: length, parts, levels, steps (sync 2)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.images.condition import CompiledCondition
from fiwareglancesync.images.model import Image
from fiwareglancesync.images.settings import ConditionError


def fits(source: str, **fields: Any) -> bool:
    """Whether the steps of an evaluation suffice for an image with these fields."""
    try:
        CompiledCondition(source)(Image("i", "n", "Spain", **fields), frozenset({"nid"}))
    except ConditionError as error:
        if str(error) != "the evaluation takes more than 100,000 steps":
            raise
        return False
    return True


TEXT = "image.user_properties['long']"
FOR_100 = "for x in '0123456789' for y in '0123456789'"
WORK_ON_TEXT = [
    f"{TEXT}.startswith('y')",
    f"{TEXT}.endswith('y')",
    f"{TEXT}.lower()",
    f"{TEXT}.upper()",
    f"{TEXT}.strip()",
    f"{TEXT}.isdigit()",
    f"{TEXT}.find('y', 1, 2)",
    f"{TEXT}.count('y')",
    f"{TEXT}.split('y', 1)",
    f"'y'.startswith({TEXT})",
    f"'y' in {TEXT}",
    f"{TEXT} in 'y'",
    f"{TEXT} in metadata_set",
    f"{TEXT} in ('y', 'z')",
    f"'y' in [{TEXT}]",
    f"{TEXT} == 'y'",
    f"'y' < {TEXT}",
    f"[1] != {TEXT}",
    f"set({TEXT})",
    f"metadata_set.union({TEXT})",
    f"metadata_set.isdisjoint([{TEXT}])",
    f"{{{TEXT}}}",
    f"{{{TEXT}: 1}}",
    f"image.user_properties.get({TEXT})",
    f"str([{TEXT}])",
    "str(image.user_properties)",
    "image.user_properties == {}",
]


@pytest.mark.parametrize("source", WORK_ON_TEXT)
def test_work_on_a_long_text_takes_steps(source: str) -> None:
    assert fits(source, user_properties={"long": "x" * 60_000})
    assert not fits(f"any([{source}] and False {FOR_100})", user_properties={"long": "x" * 60_000})


WORK_ON_ITEMS = [
    "any(image.tags)",
    "all(image.tags)",
    "1 in image.tags",
    "'y' in image.tags",
    "image.tags == ()",
    "set(image.tags)",
    "metadata_set.issuperset(image.tags)",
    "metadata_set.difference(image.user_properties)",
    "{image.tags}",
    "{image.tags: 1}",
    "image.user_properties.get(image.tags)",
    "str(image.tags)",
    "'x'.startswith(image.tags)",
    "image.user_properties.keys()",
    "image.user_properties.values()",
    "image.user_properties.items()",
    "any(a == 'y' for a in image.tags)",
    "all(a != 'y' for a in image.user_properties)",
    "image.user_properties['long'].split(',')",
]


@pytest.mark.parametrize("source", WORK_ON_ITEMS)
def test_work_on_many_items_takes_steps(source: str) -> None:
    fields = {"tags": ("",) * 10_000, "user_properties": {f"{n}": "" for n in range(10_000)} | {"long": "," * 10_000}}
    assert fits(source, **fields)
    assert not fits(f"any([{source}] and False {FOR_100})", **fields)


@pytest.mark.parametrize(
    "source",
    [
        f"len({TEXT})",
        f"{TEXT}[0] == 'y'",
        f"{TEXT} is None",
        "len(image.tags)",
        "image.tags[-1]",
        "len(image.user_properties)",
        "'y' in image.user_properties",
        "image.user_properties.get('y')",
    ],
)
def test_what_needs_no_work_takes_no_steps_for_the_size(source: str) -> None:
    fields = {"long": "x" * 8_000_000} | {f"{number}": "" for number in range(100_001)}
    assert fits(source, user_properties=fields, tags=("x",) * 100_001)


def test_100000_steps_are_enough_and_one_more_is_not() -> None:
    # The call and the list, and for each item a turn of the loop and the literal.
    source, most = "any(False for tag in image.tags)", (100_000 - 2) // 2
    assert fits(source, tags=("x",) * most)
    assert not fits(source, tags=("x",) * (most + 1))


def test_stripping_many_kinds_of_characters_takes_steps_for_each_of_them() -> None:
    kinds = "".join(map(chr, range(0x100, 0x1100)))
    properties = {"long": kinds[-1] * 60_000, "kinds": kinds}
    assert fits(f"{TEXT}.strip('xyz')", user_properties=properties)
    assert not fits(f"{TEXT}.strip(image.user_properties['kinds'])", user_properties=properties)


@pytest.mark.parametrize("search", ["{}.find({})", "{}.count({})", "{}.split({})", "{1} in {0}", "{1} not in {0}"])
def test_searching_where_much_has_to_be_compared_takes_steps(search: str) -> None:
    properties = {"long": "a" * 1000, "part": f"{'a' * 250}b{'a' * 250}"}
    source = search.format(TEXT, "image.user_properties['part']")
    assert fits(f"any([{source}] and False {FOR_100})", user_properties=properties)
    assert not fits(f"any([{source}] and False {FOR_100} for z in '0123456789')", user_properties=properties)


def test_every_image_has_its_steps_to_itself() -> None:
    condition = CompiledCondition(f"all(c == 'x' for c in {TEXT})")
    image = Image("i", "n", "Spain", user_properties={"long": "x" * 20_000})
    assert [condition(image, frozenset()) for _ in range(3)] == [True] * 3


@contextmanager
def little_stack(frames: int) -> Iterator[None]:
    """Leave so many frames of the stack to what is called inside."""
    frame, used = sys._getframe(), 0
    while frame is not None:
        frame, used = frame.f_back, used + 1  # type: ignore[assignment]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(used + frames)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def bound(source: str) -> str:
    with pytest.raises(ConfigError) as caught:
        CompiledCondition(source)
    return str(caught.value)


def test_an_expression_has_2000_characters_at_most() -> None:
    assert CompiledCondition("1" + " " * 1999)
    assert bound("1" + " " * 2000) == "found 2001 characters, expected at most 2000"


def test_an_expression_has_500_parts_at_most() -> None:
    assert CompiledCondition("[" + "1," * 499 + "]")
    assert CompiledCondition("any(1 for x in [" + "1," * 493 + "])")
    assert bound("[" + "1," * 500 + "]") == "the expression has 501 parts, expected at most 500"
    assert bound("any(1 for x in [" + "1," * 494 + "])") == "the expression has 501 parts, expected at most 500"


@pytest.mark.parametrize(
    ("opening", "inner", "closing", "most", "place"),
    [
        ("not ", "1", "", 39, "column 161, at '1'"),
        ("not ", "-1", "", 39, "column 161, at '-1'"),
        ("[", "", "]", 40, "column 41, at '[]'"),
        ("str(", "image.name", ")", 39, "column 161, at 'image.name'"),
        ("any(", "1 for x in ''", ")", 39, "column 172, at ''''"),
    ],
)
def test_an_expression_has_40_levels_at_most(opening: str, inner: str, closing: str, most: int, place: str) -> None:
    assert CompiledCondition(opening * most + inner + closing * most)
    problem = bound(opening * (most + 1) + inner + closing * (most + 1))
    assert problem == f"{place}: nested more than 40 levels deep"


def test_beyond_40_levels_what_is_not_in_the_language_is_still_said_to_be_so() -> None:
    assert bound("not " * 40 + "(1 + 1)").startswith("column 162, at '1 + 1': this part is not permitted; ")


def test_a_set_method_takes_16_arguments_at_most() -> None:
    assert fits(f"metadata_set.union({', '.join(['[]'] * 16)})")
    assert "union() is given 17 arguments, expected 0 to 16" in bound(f"metadata_set.union({', '.join(['[]'] * 17)})")


def test_an_integer_of_40_characters_is_read() -> None:
    image = Image("i", "n", "Spain", user_properties={"a": "9" * 40})
    assert CompiledCondition("int(image.user_properties['a']) > 1")(image, frozenset()) is True


def test_a_stack_that_is_too_small_is_an_error_of_this_image() -> None:
    condition = CompiledCondition("not " * 39 + "1")
    with little_stack(20), pytest.raises(ConditionError, match="recursion"):
        condition(Image("i", "n", "Spain"), frozenset())


def test_calls_as_deep_as_allowed_need_little_of_the_stack() -> None:
    condition = CompiledCondition("str(" * 38 + "image.name" + ")" * 38 + " == 'n'")
    with little_stack(200):
        assert condition(Image("i", "n", "Spain"), frozenset()) is True


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("image.is_public", False),
        ("'hidden' in image.user_properties", False),
        ("image.hidden", True),
        ("image.os_hidden", True),
        ("image.is_public or any(tag == 'a' for tag in image.tags if not image.os_hidden)", True),
        ("{'a': image.hidden}['a']", True),
    ],
)
def test_whether_the_expression_looks_at_hidden(source: str, reads: bool) -> None:
    assert CompiledCondition(source).reads_hidden is reads


def test_every_tag_can_be_compared_with_every_property() -> None:
    tags = tuple(f"{number:034}" for number in range(128))
    properties = {f"p{number:033}": "" for number in range(128)}
    image = Image("i", "n", "Spain", tags=tags, user_properties=properties)
    condition = CompiledCondition("any(t == k for t in image.tags for k in image.user_properties)")
    assert condition(image, frozenset()) is False
