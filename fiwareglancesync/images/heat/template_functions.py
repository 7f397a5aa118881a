"""The functions of templates whose values are known before a stack exists (vault 5.1). Pure.

Each takes arguments that are evaluated and without alternatives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .template_documents import Template
from .template_nodes import Alternatives, Fields, Items, Node, Plain, Scalar, Unknown, options, plain, with_others

MAX_TEXT = 65_536
"""Characters of the longest text that a function makes; names of images have at most 255."""

REFERENCE = re.compile(r"\$\{(!?)([^}]*)\}")
"""A name in the text of ``Fn::Sub``; with an exclamation mark the text itself."""

WITH_JSON = "2015-10-15"
"""The version of HOT from which texts are made of lists and mappings too, and several lists are joined."""

RELEASES = {
    "newton": "2016-10-14",
    "ocata": "2017-02-24",
    "pike": "2017-09-01",
    "queens": "2018-03-02",
    "rocky": "2018-08-31",
    "wallaby": "2021-04-16",
}
"""Names that stand for versions of HOT."""


class NotResolved(Exception):
    """A function has no value; the text is a sentence part that says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a function may use besides its arguments.

    :param node: the call, as the template gives it
    :param template: that has it
    :param parameters: their values
    """

    node: Node
    template: Template
    parameters: Mapping[str, Node]

    @property
    def version(self) -> str:
        """The version of HOT as a date; empty for a template in the form of CloudFormation."""
        return hot_version(self.template)

    def text(self, value: str) -> Scalar:
        """A text that the function makes.

        :raises NotResolved: it is too long
        """
        return Scalar(self.node.position, self.checked(value))

    def checked(self, value: str) -> str:
        """A text that is not too long.

        :raises NotResolved: it is
        """
        if len(value) > MAX_TEXT:
            raise NotResolved(f"it makes more than {MAX_TEXT} characters")
        return value


Function = Callable[[Call, Node], Node]


def hot_version(template: Template) -> str:
    """The version of a HOT template as a date; empty for a template in the form of CloudFormation."""
    return RELEASES.get(template.version, template.version) if template.is_hot else ""


def get_param(call: Call, args: Node) -> Node:
    """``get_param``: a parameter, or what is at a path in it."""
    name, *path = args.items if isinstance(args, Items) and args.items else (args,)
    node = parameter(call, _key(name))
    for step in path:
        node = _at(node, _key(step))
    return node


def ref(call: Call, args: Node) -> Node:
    """``Ref`` of a parameter."""
    name = _key(args)
    if name in call.template.resources.entries:
        raise NotResolved(f"the resource {name} is not there before the stack is")
    return parameter(call, name)


def parameter(call: Call, name: str) -> Node:
    """The value of a parameter, or a pseudo-parameter.

    :raises NotResolved: there is no such parameter, or it gets its value from the stack
    """
    if name in call.parameters:
        return call.parameters[name]
    if name == "AWS::Region" and not call.template.is_hot:
        return Scalar(call.node.position, "ap-southeast-1")  # the value that Heat gives in every region
    if name.startswith(("OS::", "AWS::")):
        raise NotResolved(f"{name} is not known before the stack exists")
    raise NotResolved(f"the template has no parameter {name}")


def _at(node: Node, key: str) -> Node:
    """What is at a key, or at an index, of a value."""
    if isinstance(node, Alternatives):
        return with_others([_at(each, key) for each in options(node)])
    if isinstance(node, Unknown):
        return node
    if isinstance(node, Fields) and key in node.entries:
        return node.entries[key]
    if isinstance(node, Items):
        try:
            return node.items[int(key)]
        except (ValueError, IndexError):
            pass
    raise NotResolved(f"the value has no entry {key}")


def _key(node: Node) -> str:
    value = plain(node)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise NotResolved("a name or a key is no text")
    return str(value)


def str_replace(call: Call, args: Node, *, strict: bool = False, empty: bool = True) -> Node:
    """``str_replace``: a text with placeholders. Longer ones are replaced first, and nothing is replaced twice.

    :param strict: whether each placeholder has to be in the text
    :param empty: whether a replacement may be empty
    """
    fields = args if isinstance(args, Fields) else Fields(args.position, {})
    template, given = fields.get("template"), fields.get("params")
    if template is None or given is None:
        raise NotResolved("it needs template and params")
    text, params = plain(template), plain(given)
    if not isinstance(text, str) or not isinstance(params, dict):
        raise NotResolved("it needs a text as template, and a mapping as params")
    texts = {key: _replacement(call, value) for key, value in params.items()}
    if "" in texts:
        raise NotResolved("a placeholder is empty")
    for key, value in texts.items():
        if not empty and not value:
            raise NotResolved(f"the value of {key} is empty")
    if len(text) + sum(text.count(key) * len(value) for key, value in texts.items()) > MAX_TEXT:
        raise NotResolved(f"it makes more than {MAX_TEXT} characters")
    result, unused = replaced(text, texts)
    if strict and unused:
        raise NotResolved(f"{unused[0]} is not in the text")
    return call.text(result)


def replaced(text: str, texts: Mapping[str, str]) -> tuple[str, list[str]]:
    """A text with its placeholders replaced, in Heat's order, and the placeholders that it does not have.

    :param texts: the texts for the placeholders, none of which is empty
    """
    parts: list[tuple[str, bool]] = [(text, False)]
    unused: list[str] = []
    for placeholder in sorted(sorted(texts), key=len, reverse=True):
        pieces = [piece for part in parts for piece in _cut(part, placeholder, texts[placeholder])]
        if len(pieces) == len(parts):
            unused.append(placeholder)
        parts = pieces
    return "".join(part for part, _ in parts), unused


def _cut(part: tuple[str, bool], placeholder: str, value: str) -> list[tuple[str, bool]]:
    """A part of the text around the occurrences of a placeholder; the flag says that it was put in."""
    text, is_done = part
    if is_done:
        return [part]
    first, *others = text.split(placeholder)
    return [(first, False), *(piece for other in others for piece in ((value, True), (other, False)))]


def _replacement(call: Call, value: Plain) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, dict)):
        return _as_json(call, value)
    return str(value)


def _as_json(call: Call, value: Plain) -> str:
    if call.version < WITH_JSON:
        raise NotResolved("a value is a list or a mapping")
    return json.dumps(value, sort_keys=True)


def list_join(call: Call, args: Node) -> Node:
    """``list_join`` and ``Fn::Join``: the texts of a list, or of several, with a text between them."""
    delimiter, *lists = args.items if isinstance(args, Items) and args.items else (args,)
    if not lists or (len(lists) > 1 and call.version < WITH_JSON):
        raise NotResolved("it needs a delimiter and a list")
    between = plain(delimiter)
    if not isinstance(between, str):
        raise NotResolved("the delimiter is no text")
    texts: list[str] = []
    for each in map(plain, lists):
        if each is None or (not each and call.version >= WITH_JSON):
            continue
        if not isinstance(each, list):
            raise NotResolved("it joins a list, and the value is none")
        texts += (_joined(call, value) for value in each)
    if sum(map(len, texts)) + len(between) * len(texts) > MAX_TEXT:
        raise NotResolved(f"it makes more than {MAX_TEXT} characters")
    return call.text(between.join(texts))


def _joined(call: Call, value: Plain) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, dict)):
        return _as_json(call, value)
    raise NotResolved(f"{value} is a number or a truth value, and only texts are joined; write it in quotes")


def find_in_map(call: Call, args: Node) -> Node:
    """``Fn::FindInMap``: a value of the section ``Mappings``."""
    if not isinstance(args, Items) or len(args.items) != 3:
        raise NotResolved("it needs the name of a mapping and two keys")
    path = [_key(item) for item in args.items]
    node = call.template.mappings.get(*path)
    if node is None:
        raise NotResolved(f"Mappings has no {'.'.join(path)}")
    return node


def select(call: Call, args: Node) -> Node:
    """``Fn::Select``: an item of a list, or of a text in JSON, by its number; or of a mapping by its key."""
    if not isinstance(args, Items) or len(args.items) != 2:
        raise NotResolved("it needs an index and a list")
    index, values = args.items
    plain(values)  # Heat refuses the whole list if one of its items has no value
    if isinstance(values, Scalar) and isinstance(values.value, str):
        try:
            found = json.loads(values.value)
        except (ValueError, RecursionError) as error:
            raise NotResolved("it selects from a list, and the value is none") from error
        if not isinstance(found, (list, dict)):
            raise NotResolved("it selects from a list, and the value is none")
        return _at(_placed(found, values), _key(index))
    return _at(values, _key(index))


def _placed(found: list[Plain] | dict[str, Plain], source: Scalar) -> Node:
    """The items of a list or mapping; those that have items themselves are no text, and count as unknown."""

    def item(value: Plain) -> Node:
        if isinstance(value, (list, dict)):
            return Unknown(source.position, str(source.value)[:80], "the selected value is no text")
        return Scalar(source.position, value)

    if isinstance(found, list):
        return Items(source.position, tuple(map(item, found)))
    return Fields(source.position, {key: item(value) for key, value in found.items()})


def substitute(call: Call, args: Node) -> Node:
    """``Fn::Sub``: a text with ``${Name}`` for parameters, and for names that the call itself gives."""
    template, given = args, None
    if isinstance(args, Items) and len(args.items) == 2:
        template, given = args.items
    text = plain(template)
    if not isinstance(text, str) or not isinstance(given, (Fields, type(None))):
        raise NotResolved("it needs a text, or a text and a mapping")
    values: Mapping[str, Node] = given.entries if given is not None else {}
    made, end = "", 0
    for match in REFERENCE.finditer(text):
        value = f"${{{match[2]}}}" if match[1] else _named_value(call, values, match[2].strip())
        made, end = call.checked(made + text[end : match.start()] + value), match.end()
    return call.text(made + text[end:])


def _named_value(call: Call, values: Mapping[str, Node], name: str) -> str:
    """The text that a name in ``Fn::Sub`` stands for.

    :param values: those that the call itself gives
    """
    if name not in values and "." in name:
        raise NotResolved(f"{name} is not known before the stack exists")
    value = plain(values[name] if name in values else ref(call, Scalar(call.node.position, name)))
    if isinstance(value, (list, dict)):
        raise NotResolved(f"the value of {name} is no text")
    return "" if value is None else str(value)


def _strict(call: Call, args: Node) -> Node:
    return str_replace(call, args, strict=True)


def _very_strict(call: Call, args: Node) -> Node:
    return str_replace(call, args, strict=True, empty=False)


FUNCTIONS: Mapping[str, tuple[Function, str, str]] = {
    "get_param": (get_param, "", ""),
    "list_join": (list_join, "", ""),
    "str_replace": (str_replace, "", ""),
    "str_replace_strict": (_strict, "2017-02-24", ""),
    "str_replace_vstrict": (_very_strict, "2017-09-01", ""),
    "Ref": (ref, "", "2013-05-23"),
    "Fn::Join": (list_join, "", "2013-05-23"),
    "Fn::Select": (select, "", "2015-04-30"),
}
"""The functions of HOT, each with its first and its last version; empty for all."""

CLOUDFORMATION: Mapping[str, Function] = {
    "Ref": ref,
    "Fn::FindInMap": find_in_map,
    "Fn::Join": list_join,
    "Fn::Select": select,
    "Fn::Sub": substitute,
}
"""The functions of templates in the form of CloudFormation."""

CHOICES = frozenset({"if", "Fn::If"})
"""The functions that choose one of two values."""

OF_THE_STACK = frozenset({"get_attr", "get_resource", "resource_facade", "Fn::GetAtt", "Fn::ResourceFacade"})
"""Functions whose values a stack gives."""

NOT_COMPUTED = frozenset(
    {"get_file", "repeat", "digest", "str_split", "map_merge", "yaql", "map_replace", "filter", "make_url"}
    | {"list_concat", "list_concat_unique", "contains", "equals", "not", "and", "or"}
    | {"Fn::GetAZs", "Fn::Split", "Fn::Replace", "Fn::Base64", "Fn::MemberListToMap", "Fn::ImportValue"}
    | {"Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or"}
)
"""Further functions of Heat, whose values are not computed here."""

NAMES = frozenset({*FUNCTIONS, *CLOUDFORMATION, *CHOICES, *OF_THE_STACK, *NOT_COMPUTED})
"""All names that make a mapping of one entry the call of a function."""


def function_of(name: str, template: Template) -> Function:
    """A function of a template's version.

    :raises NotResolved: it is none, or is not computed
    """
    if not template.is_hot:
        if name in CLOUDFORMATION:
            return CLOUDFORMATION[name]
    elif name in FUNCTIONS:
        function, first, last = FUNCTIONS[name]
        version = hot_version(template)
        if first <= version and (not last or version <= last):
            return function
        raise NotResolved(f"{name} is no function of version {template.version}")
    if name in OF_THE_STACK:
        raise NotResolved(f"{name} is not known before the stack exists")
    if name in NOT_COMPUTED:
        raise NotResolved(f"{name} is not computed")
    raise NotResolved(f"{name} is no function of this kind of template")
