"""The values of a template's parameters (vault 5.1). Pure.

A value that is passed, or that an environment gives, is used; else a default of an environment; else the declared one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from .template_documents import DeclaredParameter, Template
from .template_nodes import Fields, Items, Node, Scalar, Unknown, expression_of, options, placed, variants, with_others

MAX_DEPTH = 60
"""Levels of nesting of a value that is passed on."""

TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})
FALSE = frozenset({"0", "f", "false", "off", "n", "no"})


def bound(template: Template, given: Mapping[str, Node], defaults: Mapping[str, Node]) -> dict[str, Node]:
    """The values of all parameters of a template.

    :param given: values that a parent passes, or that an environment gives
    :param defaults: values of environments that replace the declared defaults
    """
    return {
        name: _bound(declared, given.get(name), defaults.get(name)) for name, declared in template.parameters.items()
    }


def passed(properties: Mapping[str, Node]) -> dict[str, Node]:
    """Properties of a resource as a nested template gets them: a list becomes a text, and is cut at each comma."""
    return {name: with_others([_passed(each) for each in options(node)]) for name, node in properties.items()}


def _passed(node: Node) -> Node:
    if not isinstance(node, Items):
        return node
    items: list[Node] = []
    for item in node.items:
        if isinstance(item, Scalar) and isinstance(item.value, str):
            items += (Scalar(item.position, part) for part in item.value.split(","))
        else:
            items.append(item)
    return Items(node.position, tuple(items))


def _bound(declared: DeclaredParameter, given: Node | None, default: Node | None) -> Node:
    value = next((node for node in (given, default, declared.default) if node is not None and not _is_null(node)), None)
    if value is None:
        name, position = declared.name, declared.position
        expression, text = f"{{get_param: {name}}}", f"the parameter {name} has no value"
        value = Unknown(position, expression, text, f"{position.file}:{name}")
    return with_others([typed(declared, value), *(typed(declared, node) for node in declared.allowed)])


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def typed(declared: DeclaredParameter, node: Node) -> Node:
    """A value as Heat converts it to the type of a parameter."""
    if _is_deeper(node, MAX_DEPTH):
        return Unknown(node.position, expression_of(node), f"it is nested deeper than {MAX_DEPTH} levels")
    if declared.kind == "json":
        return with_others([_json(declared, each) for each in options(node)])
    convert = KINDS.get(declared.kind, _text)
    return with_others([_converted(declared, convert, each) for each in variants(node)])


def _is_deeper(node: Node, levels: int) -> bool:
    waiting = [(node, levels)]
    while waiting:
        each, left = waiting.pop()
        if left < 0:
            return True
        if isinstance(each, Fields):
            waiting += ((child, left - 1) for child in each.entries.values())
        elif isinstance(each, Items):
            waiting += ((child, left - 1) for child in each.items)
        elif not isinstance(each, (Scalar, Unknown)):
            waiting += ((child, left) for child in options(each))
    return False


Convert = Callable[[Node], "Node | None"]
"""Converts a value; None if the type of the parameter refuses it."""


def _converted(declared: DeclaredParameter, convert: Convert, node: Node) -> Node:
    if isinstance(node, Unknown):
        return node
    found = convert(node)
    if found is None:
        text = f"the parameter {declared.name} has the type {declared.kind}, and its value does not fit"
        return Unknown(node.position, expression_of(node), text)
    return found


def _text(node: Node) -> Node | None:
    if not isinstance(node, Scalar):
        return None
    return node if isinstance(node.value, str) else Scalar(node.position, str(node.value))


def _number(node: Node) -> Node | None:
    if not isinstance(node, Scalar):
        return None
    if not isinstance(node.value, str):
        return node
    for kind in (int, float):
        try:
            return Scalar(node.position, kind(node.value))
        except ValueError:
            continue
    return None


def _truth(node: Node) -> Node | None:
    word = str(node.value).strip().lower() if isinstance(node, Scalar) else ""
    return Scalar(node.position, word in TRUE) if word in TRUE | FALSE else None


def _list(node: Node) -> Node | None:
    if isinstance(node, Items):
        return Items(node.position, tuple(_text(item) or item for item in node.items))
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return None
    parts = node.value.split(",") if node.value else []
    return Items(node.position, tuple(Scalar(node.position, part) for part in parts))


def _json(declared: DeclaredParameter, node: Node) -> Node:
    if isinstance(node, (Fields, Items, Unknown)):
        return node
    if isinstance(node, Scalar) and isinstance(node.value, str):
        try:
            found = placed(json.loads(node.value), node.position)
            if not _is_deeper(found, MAX_DEPTH):
                return found
        except (ValueError, RecursionError):
            pass
    text = f"the parameter {declared.name} has the type json, and its value is no JSON"
    return Unknown(node.position, expression_of(node), text)


KINDS: Mapping[str, Convert] = {
    "string": _text,
    "number": _number,
    "boolean": _truth,
    "comma_delimited_list": _list,
    "commadelimitedlist": _list,
}
"""How the values of each type are converted; other types than these and json count as text."""
