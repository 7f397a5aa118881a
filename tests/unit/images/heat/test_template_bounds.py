"""Templates that would take very long, or much memory, have an end (vault 5.1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.heat_files import needed, reasons, resolved

SERVER = "OS::Nova::Server"


def server(image: Any) -> dict[str, Any]:
    """A server from an image."""
    return {"type": SERVER, "properties": {"image": image}}


def group(count: int, definition: dict[str, Any], variable: str = "%index%") -> dict[str, Any]:
    """A group of resources."""
    properties = {"count": count, "index_var": variable, "resource_def": definition}
    return {"type": "OS::Heat::ResourceGroup", "properties": properties}


def hot(resources: dict[str, Any], **sections: Any) -> str:
    """A template."""
    return json.dumps({"heat_template_version": "2018-08-31", "resources": resources, **sections})


def test_a_group_has_at_most_a_thousand_members() -> None:
    images = resolved({"a.json": hot({"g": group(10**9, server("i-%index%"))})})
    assert len(images.needed) == 1000
    assert reasons(images) == ["the group has more than 1000 members"]
    same = resolved({"a.json": hot({"g": group(10**9, server("same"))})})
    assert (needed(same), reasons(same)) == (["same"], [])


def test_groups_in_groups_end() -> None:
    inner = group(1000, server("i-%outer%-%index%"))
    images = resolved({"a.json": hot({"g": group(1000, inner, "%outer%")})})
    assert reasons(images) == ["the stack has more than 10000 resources"]


def test_templates_that_multiply_end() -> None:
    files = {f"t{n}.yaml": hot({f"r{m}": {"type": f"t{n + 1}.yaml"} for m in range(10)}) for n in range(9)}
    images = resolved({**files, "t9.yaml": hot({"s": server("at-the-end")})})
    assert set(reasons(images)) == {"the stack has more than 10000 resources"}
    assert needed(images) == ["at-the-end"]


def test_templates_are_nested_ten_deep() -> None:
    files = {f"t{n:02}.yaml": hot({"r": {"type": f"t{n + 1:02}.yaml"}}) for n in range(12)}
    images = resolved({**files, "t12.yaml": hot({"s": server("far-below")})})
    assert reasons(images) == ["it is nested deeper than 10 templates"]
    assert needed(images) == ["far-below"]  # what no stack reaches is resolved by itself


@pytest.mark.parametrize("value", ['{"a":' * 900 + "1" + "}" * 900, "[" * 100_000])
def test_a_parameter_in_json_is_not_nested_without_end(value: str) -> None:
    parameters = {"p": {"type": "json", "default": value}}
    images = resolved({"a.json": hot({"s": server({"get_param": ["p", "a"]})}, parameters=parameters)})
    assert reasons(images) == ["the parameter p has the type json, and its value is no JSON"]


@pytest.mark.parametrize(
    "registry",
    [
        {"My::A": "My::B", "My::B": "My::A"},
        {"My::A": "My::A"},
        {"My::*": "My::x*"},
        {"My::*": "My::*"},
        {"My::A": "My::B", "My::*": "My::*::"},
    ],
)
def test_types_that_stand_for_each_other_end(registry: dict[str, str]) -> None:
    files = {"a.json": hot({"s": {"type": "My::A"}}), "e.json": json.dumps({"resource_registry": registry})}
    text = "Heat has no type My::A, and no environment of this template says what it is"
    assert reasons(resolved(files)) == [text]


def test_a_substitution_does_not_grow_without_end() -> None:
    parameters = {"P": {"Type": "String", "Default": "a" * 60_000}}
    resource = {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": {"Fn::Sub": "${P}" * 100_000}}}
    body = {"AWSTemplateFormatVersion": "2010-09-09", "Parameters": parameters, "Resources": {"s": resource}}
    assert reasons(resolved({"a.json": json.dumps(body)})) == ["it makes more than 65536 characters"]


def test_a_name_is_as_long_as_glance_accepts() -> None:
    images = resolved({"a.json": hot({"s": server("a" * 255), "t": server("b" * 256)})})
    assert needed(images) == ["a" * 255]
    assert reasons(images) == ["the value has more than 255 characters, and no image has such a name"]
    assert len(images.unresolved[0].expression) <= 255


def test_many_allowed_values_are_counted_quickly() -> None:
    constraint = {"allowed_values": [f"v{number}" for number in range(5000)]}
    parameters = {"p": {"type": "string", "default": "v7", "constraints": [constraint]}}
    images = resolved({"a.json": hot({"s": server({"get_param": "p"})}, parameters=parameters)})
    assert needed(images) == ["v7"]
    assert reasons(images) == ["it has more than 256 possible values"]


@pytest.mark.parametrize("number", ["0x" + "f" * 6000, "1" + ":59" * 400_000, "9" * 5000])
def test_a_number_is_not_long_without_end(number: str) -> None:
    text = f"heat_template_version: 2018-08-31\nresources: {{s: {{type: {SERVER}, properties: {{image: {number}}}}}}}\n"
    assert reasons(resolved({"a.yaml": text})) == [f"'{number[:40]}'… is a number of more than 400 characters"]
