"""The functions of templates (vault 5.1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.images.heat.template_functions import MAX_TEXT, replaced
from tests.strategies import LAW
from tests.support.heat_files import needed, reasons, resolved

TEXT = st.text("abc-", max_size=8)
WORDS = st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=4)
PARAMS = st.dictionaries(st.text("abc", min_size=1, max_size=3), TEXT, max_size=4)


def image_of(expression: Any, version: str = "2018-08-31", **sections: Any) -> list[str]:
    """The names of the image that an expression is, or why it is none."""
    server = {"type": "OS::Nova::Server", "properties": {"image": expression}}
    body = {"heat_template_version": version, "resources": {"server": server}, **sections}
    images = resolved({"main.json": json.dumps(body)})
    return needed(images) + reasons(images)


def as_heat_replaces(texts: Sequence[str], params: dict[str, str], keys: Sequence[str]) -> list[str]:
    """What Heat does: the text around each placeholder is replaced further, what is put in is not."""
    if not keys:
        return list(texts)
    key, *others = keys
    return [params[key].join(as_heat_replaces(text.split(key), params, others)) for text in texts]


@LAW
@given(TEXT, PARAMS)
def test_placeholders_are_replaced_in_the_order_of_heat(text: str, params: dict[str, str]) -> None:
    keys = sorted(sorted(params), key=len, reverse=True)
    assert replaced(text, params)[0] == as_heat_replaces([text], params, keys)[0]


@LAW
@given(TEXT.filter(bool))
def test_a_text_without_placeholders_stays(text: str) -> None:
    assert image_of({"str_replace": {"template": text, "params": {"$x": "y"}}}) == [text]


@LAW
@given(WORDS, WORDS, st.sampled_from(["", "-", ".."]))
def test_joining_in_two_steps_is_joining_at_once(first: list[str], second: list[str], between: str) -> None:
    parts = [{"list_join": [between, words]} for words in (first, second)]
    whole = between.join([*first, *second])
    assert image_of({"list_join": [between, parts]}) == [whole]
    assert image_of({"list_join": [between, first, second]}) == [whole]


@LAW
@given(WORDS, st.data())
def test_an_item_that_is_selected_is_in_the_list(words: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(words) - 1))
    assert image_of({"Fn::Select": [index, words]}, "2015-04-30") == [words[index]]


def test_nothing_is_selected_from_a_list_with_an_unknown_item() -> None:
    expression = {"Fn::Select": [0, ["known", {"get_attr": ["server", "name"]}]]}
    assert image_of(expression, "2015-04-30") == ["get_attr is not known before the stack exists"]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ({"get_param": []}, "a name or a key is no text"),
        ({"get_param": {}}, "a name or a key is no text"),
        ({"str_replace": "text"}, "it needs template and params"),
        ({"str_replace": {"template": "a", "params": []}}, "it needs a text as template, and a mapping as params"),
        ({"str_replace": {"template": "a", "params": {"": "b"}}}, "a placeholder is empty"),
        ({"list_join": "-"}, "it needs a delimiter and a list"),
        ({"list_join": [1, ["a"]]}, "the delimiter is no text"),
        ({"list_join": ["-", "text"]}, "it joins a list, and the value is none"),
        ({"if": [True, "a"]}, "it needs a condition and two values"),
        ({"if": ["absent", "a", "b"]}, "there is no condition absent"),
        ({"if": [{"equals": [1]}, "a", "b"]}, "equals needs two values"),
        ({"if": [[], "a", "b"]}, "it is no condition"),
        ({"Fn::FindInMap": ["a", "b", "c"]}, "Fn::FindInMap is no function of this kind of template"),
        (["a"], "the value is a list or a mapping, and no name"),
        ({"name": "a"}, "the value is a list or a mapping, and no name"),
    ],
)
def test_what_is_wrong_is_unresolved_with_the_reason(expression: Any, reason: str) -> None:
    assert reason in image_of(expression)


def test_a_condition_that_is_part_of_itself_has_no_verdict() -> None:
    found = image_of({"if": ["a", "x", "y"]}, conditions={"a": {"not": "b"}, "b": {"not": "a"}})
    assert found == ["the condition a is part of itself"]


def test_a_text_that_grows_without_end_is_not_made() -> None:
    expression: Any = "a" * 100
    for _ in range(10):
        expression = {"str_replace": {"template": "a" * 100, "params": {"a": expression}}}
    assert image_of(expression) == [f"it makes more than {MAX_TEXT} characters"]


def test_a_value_with_many_alternatives_has_its_actual_one() -> None:
    names = [f"p{number}" for number in range(9)]
    one = {"type": "string", "default": "a", "constraints": [{"allowed_values": ["a", "b"]}]}
    expression = {"list_join": ["", [{"get_param": name} for name in names]]}
    found = image_of(expression, parameters=dict.fromkeys(names, one))
    assert found == ["a" * 9, "it has more than 256 possible values"]
