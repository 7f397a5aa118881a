"""The bounds of metadata_condition, each at its edge: length, parts, levels, steps (sync 2)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.images.condition import CompiledCondition
from fiwareglancesync.images.model import Image
from fiwareglancesync.images.settings import ConditionError


def parts(source: str) -> int:
    return sum(isinstance(node, (ast.expr, ast.comprehension)) for node in ast.walk(ast.parse(source, mode="eval")))


def fits(source: str, **fields: Any) -> bool:
    """Whether the steps of an evaluation suffice for an image with these fields."""
    try:
        CompiledCondition(source)(Image("i", "n", "Spain", **fields), frozenset({"nid"}))
    except ConditionError as error:
        if "more than 100,000 steps" not in str(error):
            raise
        return False
    return True


TEXT = "image.user_properties['long']"
WORK_ON_TEXT = [
    (f"{TEXT}.startswith('y')", 64, 1, 1),
    (f"{TEXT}.endswith('y')", 64, 1, 1),
    (f"{TEXT}.lower()", 4, 1, 0),
    (f"{TEXT}.upper()", 4, 1, 0),
    (f"{TEXT}.strip()", 4, 1, 0),
    (f"{TEXT}.isdigit()", 4, 1, 0),
    (f"{TEXT}.find('y')", 4, 1, 1),
    (f"{TEXT}.find('y', 1, 2)", 4, 1, 1),
    (f"{TEXT}.count('y')", 4, 1, 1),
    (f"{TEXT}.split('y')", 1, 1, 1),
    (f"{TEXT}.split('y', 1)", 1, 1, 1),
    (f"'y'.startswith({TEXT})", 64, 1, 1),
    (f"'y' in {TEXT}", 4, 1, 0),
    (f"{TEXT} in 'y'", 64, 1, 0),
    (f"{TEXT} in metadata_set", 64, 1, 0),
    (f"{TEXT} in ('y', 'z')", 64, 3, 2),
    (f"{TEXT} not in ('y', 'z')", 64, 3, 2),
    (f"{TEXT} == 'y'", 64, 1, 1),
    (f"{TEXT} < 'y'", 64, 1, 1),
    (f"[1] != {TEXT}", 64, 1, 4),
    (f"set({TEXT})", 1, 1, 1),
    (f"set([{TEXT}])", 64, 1, 3),
    (f"metadata_set.union({TEXT})", 1, 1, 2),
    (f"metadata_set.isdisjoint([{TEXT}])", 64, 1, 4),
    (f"{{{TEXT}}}", 64, 1, 3),
    (f"{{{TEXT}: 1}}", 64, 1, 3),
    (f"str([{TEXT}])", 1, 1, 3),
    (f"any({TEXT})", 1, 1, 0),
    (f"all({TEXT})", 1, 1, 0),
    (f"any(c == 'y' for c in {TEXT})", 1, 4, 0),
    (f"all(c == 'x' and c != 'y' or c == 'z' for c in {TEXT})", 1, 12, 0),
    (f"any(c == 'y' for c in {TEXT} if c == 'z' if c)", 1, 8, 0),
    (f"any(b == 'y' for a in {TEXT} for b in 'x')", 1, 6, 0),
    (f"any(b == 'y' for a in {TEXT} if a for b in 'x' if b != 'x')", 1, 10, 0),
    (f"any(any(b == 'y' for b in ('z', a)) for a in {TEXT})", 1, 20, 0),
]
"""Sources, then how many characters of the text cost how many steps, then what is paid besides that and the parts."""


@pytest.mark.parametrize(("source", "characters", "steps", "besides"), WORK_ON_TEXT)
def test_work_on_a_long_text_is_charged_by_its_length(source: str, characters: int, steps: int, besides: int) -> None:
    blocks = (100_000 - parts(source) - besides) // steps
    longest = blocks * characters + characters - 1
    assert fits(source, user_properties={"long": "x" * longest})
    assert not fits(source, user_properties={"long": "x" * (longest + 1)})


@pytest.mark.parametrize(
    "source",
    [
        f"1 == {TEXT}",
        f"str({TEXT})",
        f"len({TEXT})",
        f"{TEXT}[0]",
        f"{TEXT} is None",
        f"image.user_properties.get('z', {TEXT})",
        "len(image.tags)",
        "'y' == image.tags",
        "image.tags[-1]",
        "len(image.user_properties)",
        "'y' in image.user_properties",
        "image.user_properties.get('y')",
    ],
)
def test_what_needs_no_work_is_not_charged_by_the_size(source: str) -> None:
    fields = {"long": "x" * 8_000_000} | {f"{number}": "" for number in range(100_001)}
    assert fits(source, user_properties=fields, tags=("x",) * 100_001)


WORK_ON_TAGS = [
    ("any(image.tags)", 1, 0),
    ("all(image.tags)", 1, 0),
    ("1 in image.tags", 1, 1),
    ("'y' in image.tags", 1, 0),
    (f"'{'y' * 64}' in image.tags", 2, 1),
    ("('y',) in image.tags", 2, 4),
    ("image.tags == ()", 2, 2),
    ("() < image.tags", 2, 2),
    ("set(image.tags)", 2, 1),
    ("metadata_set.issuperset(image.tags)", 2, 2),
    ("metadata_set.difference(image.tags, image.tags)", 4, 3),
    ("{image.tags}", 2, 3),
    ("{image.tags: 1}", 2, 3),
    ("image.user_properties.get(image.tags)", 2, 1),
    ("str(image.tags)", 3, 1),
    ("'x'.startswith(image.tags)", 2, 1),
    ("any(a == 'y' for a in image.tags)", 4, 0),
]
"""Sources, the steps for each tag of one letter, and what is paid besides that and the parts."""


@pytest.mark.parametrize(("source", "steps", "besides"), WORK_ON_TAGS)
def test_work_on_a_long_list_is_charged_by_its_items(source: str, steps: int, besides: int) -> None:
    most = (100_000 - parts(source) - besides) // steps
    assert fits(source, tags=("x",) * most)
    assert not fits(source, tags=("x",) * (most + 1))


WORK_ON_PROPERTIES = [
    ("image.user_properties.keys()", 1, 0),
    ("image.user_properties.values()", 1, 0),
    ("image.user_properties.items()", 2, 0),
    ("any(image.user_properties)", 1, 0),
    ("set(image.user_properties)", 1, 0),
    ("metadata_set.intersection(image.user_properties)", 1, 1),
    ("image.user_properties == {}", 4, 2),
    ("str(image.user_properties)", 10, 1),
]
"""Sources, the steps for each property (a key of six letters, no value), and what is paid besides."""


@pytest.mark.parametrize(("source", "steps", "besides"), WORK_ON_PROPERTIES)
def test_work_on_properties_is_charged_by_their_number(source: str, steps: int, besides: int) -> None:
    properties = {f"{number:06}": "" for number in range(100_001)}
    most = (100_000 - parts(source) - besides) // steps
    assert fits(source, user_properties=dict(list(properties.items())[:most]))
    assert not fits(source, user_properties=dict(list(properties.items())[: most + 1]))


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
    assert bound("not " * 40 + "(1 + 1)") == "column 162, at '1 + 1': arithmetic and % are not allowed"


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
