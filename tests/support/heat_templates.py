"""Random templates with expressions of any form, in all versions that Heat has."""

from __future__ import annotations

from random import Random
from typing import Any

VERSIONS = (
    *("2013-05-23", "2014-10-16", "2015-04-30", "2015-10-15", "2016-04-08", "2016-10-14"),
    *("2017-02-24", "2017-09-01", "2018-08-31", "2021-04-16", "queens"),
)
WITH_CONDITIONS = "2016-10-14"
WORDS = ("a", "b", "ab", "image", "%index%", "x-1", "1", "0", "")
PARAMETERS: dict[str, tuple[str, Any]] = {
    "text": ("string", "a"),
    "number": ("number", 3),
    "list": ("comma_delimited_list", "l0,l1,l2"),
    "map": ("json", {"k": "v", "list": ["j0", "j1"], "number": 1, "map": {"z": "deep"}}),
    "yes": ("boolean", True),
    "no": ("boolean", "false"),
    "empty": ("string", ""),
}
PATHS = (["list", 0], ["list", "2"], ["list", -1], ["map", "k"], ["map", "list", 1], ["map", "map", "z"], ["text"])


class TemplateMaker:
    """Makes templates.

    :param random: decides
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._version = ""

    def template(self) -> dict[str, Any]:
        """A template with one resource."""
        return self._cloudformation() if self._random.random() < 0.25 else self._hot()

    def _hot(self) -> dict[str, Any]:
        self._version = self._random.choice(VERSIONS)
        properties = {"flavor": "m1.small", "image": self._value(3)}
        if self._random.random() < 0.3:
            properties["block_device_mapping_v2"] = [{"image": self._value(2), "boot_index": 0}]
        resource = {"type": "OS::Nova::Server", "properties": properties}
        if self._random.random() < 0.2:
            group = {"count": self._random.choice([0, 1, 2, {"get_param": "number"}]), "resource_def": resource}
            resource = {"type": "OS::Heat::ResourceGroup", "properties": group}
        made: dict[str, Any] = {
            "heat_template_version": self._version,
            "parameters": {name: {"type": kind, "default": value} for name, (kind, value) in PARAMETERS.items()},
            "resources": {"resource": resource},
        }
        if self._version >= WITH_CONDITIONS:
            made["conditions"] = {"first": {"equals": [{"get_param": "text"}, "a"]}, "second": {"not": "first"}}
            if self._random.random() < 0.3:
                resource["condition"] = self._condition(2)
        return made

    def _value(self, depth: int) -> Any:
        if depth <= 0 or self._random.random() < 0.25:
            return self._random.choice(WORDS)
        kinds = [self._parameter, self._join, self._replacement]
        if self._version >= WITH_CONDITIONS:
            kinds.append(self._choice)
        if self._version <= "2015-04-30":
            kinds.append(self._selection)
        return self._random.choice(kinds)(depth - 1)

    def _parameter(self, depth: int) -> Any:
        path = self._random.choice([*PARAMETERS, *PATHS])
        return {"Ref": path} if self._version == VERSIONS[0] and isinstance(path, str) else {"get_param": path}

    def _list(self, depth: int) -> list[Any]:
        return [self._value(depth) for _ in range(self._random.randint(1, 3))]

    def _join(self, depth: int) -> Any:
        name = "Fn::Join" if self._version == VERSIONS[0] and self._random.random() < 0.5 else "list_join"
        items = self._list(depth) if self._random.random() < 0.7 else {"get_param": "list"}
        return {name: [self._random.choice(["-", ""]), items]}

    def _replacement(self, depth: int) -> Any:
        words = self._random.sample(["X", "Y", "ab", "a", "bX"], self._random.randint(1, 3))
        text = self._random.choice(["aXbYabX", "XY", "a", "abab", "bXbXa"])
        return {"str_replace": {"template": text, "params": {word: self._value(depth) for word in words}}}

    def _choice(self, depth: int) -> Any:
        arms = [self._value(depth) for _ in range(2)]
        one_armed = self._version == "2021-04-16" and self._random.random() < 0.3
        return {"if": [self._condition(2), *arms[: 1 if one_armed else 2]]}

    def _condition(self, depth: int) -> Any:
        kind = self._random.choice(["name", "equals", "not", "and", "or"]) if depth else "name"
        if kind == "name":
            return self._random.choice(["first", "second", True, False, {"get_param": "yes"}, {"get_param": "no"}])
        if kind == "equals":
            return {"equals": [{"get_param": self._random.choice(list(PARAMETERS))}, self._random.choice(["a", "", 3])]}
        if kind == "not":
            return {"not": self._condition(depth - 1)}
        return {kind: [self._condition(depth - 1) for _ in range(2)]}

    def _selection(self, depth: int) -> Any:
        collection = self._random.choice([self._list(depth), {"get_param": "list"}, {"get_param": "map"}])
        return {"Fn::Select": [self._random.choice(["0", 1, "k"]), collection]}

    def _cloudformation(self) -> dict[str, Any]:
        names = {"Text": ("String", "a"), "Number": ("Number", 2), "List": ("CommaDelimitedList", "l0,l1")}
        return {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Parameters": {name: {"Type": kind, "Default": value} for name, (kind, value) in names.items()},
            "Mappings": {"Images": {"a": {"x": "ax", "y": "ay"}, "b": {"x": "bx", "y": "by"}}},
            "Conditions": {"First": {"Fn::Equals": [{"Ref": "Text"}, "a"]}, "Second": {"Fn::Not": ["First"]}},
            "Resources": {
                "Server": {
                    "Type": "AWS::EC2::Instance",
                    "Properties": {"InstanceType": "m1.small", "ImageId": self._cloudformation_value(3)},
                }
            },
        }

    def _cloudformation_value(self, depth: int) -> Any:
        if depth <= 0 or self._random.random() < 0.2:
            return self._random.choice([*WORDS, {"Ref": "Text"}, {"Ref": "Number"}])
        items = [self._cloudformation_value(depth - 1) for _ in range(2)]
        key = self._random.choice(["a", "b", {"Ref": "Text"}])
        return self._random.choice(
            [
                {"Fn::Join": [self._random.choice(["-", ""]), items]},
                {"Fn::Join": ["+", {"Ref": "List"}]},
                {"Fn::Select": [self._random.choice(["0", 1]), {"Ref": "List"}]},
                {"Fn::FindInMap": ["Images", key, self._random.choice(["x", "y"])]},
                {"Fn::If": [self._random.choice(["First", "Second"]), *items]},
            ]
        )
