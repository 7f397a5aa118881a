"""Values of templates as trees that say where each value is given (vault 5.1). Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import TypeAlias

from .template_images import TemplatePosition

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
"""A value without positions, as Python has it."""

MAX_COMBINATIONS = 256
"""Combinations of alternatives that are computed for one value."""

MAX_EXPRESSION = 160
"""Characters of an expression that are kept."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, a number, a truth value, or nothing."""

    position: TemplatePosition
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    position: TemplatePosition
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping.

    :param entries: the values by their keys, in the order of the file
    """

    position: TemplatePosition
    entries: Mapping[str, Node]

    def get(self, *path: str) -> Node | None:
        """The value at a path of keys; None if there is none.

        :param path: the keys, from outside
        """
        node: Node | None = self
        for key in path:
            node = node.entries.get(key) if isinstance(node, Fields) else None
        return node


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not known.

    :param expression: the expression, as the template gives it
    :param reason: why there is no value, as a sentence part
    :param missing: the parameter without a value that is the reason, as FILE:NAME; empty for another reason
    """

    position: TemplatePosition
    expression: str
    reason: str
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Alternatives:
    """A value, and others that a stack may have in its place.

    :param actual: the value; no Alternatives itself
    :param others: what an allowed value or the other arm of an ``if`` gives
    """

    position: TemplatePosition
    actual: Node
    others: tuple[Node, ...]


Node = Scalar | Items | Fields | Unknown | Alternatives


OMITTED = Scalar(TemplatePosition("", 0), None)
"""Stands for an entry that a template omits, with an ``if`` without a second arm; compared by identity."""


class ValueUnknown(Exception):
    """A part of a value is not known.

    :param unknown: the part
    """

    def __init__(self, unknown: Unknown) -> None:
        super().__init__(unknown.reason)
        self.unknown = unknown


def plain(node: Node) -> Plain:
    """A value without positions and alternatives.

    :raises ValueUnknown: a part of it is not known
    """
    if isinstance(node, Unknown):
        raise ValueUnknown(node)
    if isinstance(node, Alternatives):
        return plain(node.actual)
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    if isinstance(node, Fields):
        return {key: plain(value) for key, value in node.entries.items()}
    return node.value


def placed(value: Plain, position: TemplatePosition) -> Node:
    """A plain value, all of which is given at one place.

    :param position: where
    """
    if isinstance(value, list):
        return Items(position, tuple(placed(item, position) for item in value))
    if isinstance(value, dict):
        return Fields(position, {str(key): placed(item, position) for key, item in value.items()})
    return Scalar(position, value)


def with_others(nodes: Sequence[Node]) -> Node:
    """A value with its alternatives.

    :param nodes: the value itself, then the others; at least one
    """
    actual, *others = [each for node in nodes for each in options(node)]
    scalars = {other: None for other in others if isinstance(other, Scalar) and other != actual}
    differing: list[Node] = [*scalars]
    for other in others:
        if not isinstance(other, Scalar) and other != actual and other not in differing:
            differing.append(other)
    return Alternatives(actual.position, actual, tuple(differing)) if differing else actual


def options(node: Node) -> tuple[Node, ...]:
    """The actual value of a node, then the others. Their parts may have alternatives of their own."""
    return (node.actual, *node.others) if isinstance(node, Alternatives) else (node,)


def variants(node: Node) -> list[Node]:
    """All values that a node may have, without alternatives; the first is the actual one.

    When there are more than ``MAX_COMBINATIONS``, the actual one and one that is not known.
    """
    if not _varies(node):
        return [node]
    if _count(node) <= MAX_COMBINATIONS:
        return list(_variants(node))
    text = f"it has more than {MAX_COMBINATIONS} possible values"
    return [next(_variants(node)), Unknown(node.position, expression_of(node), text)]


def _varies(node: Node) -> bool:
    if isinstance(node, Alternatives):
        return True
    return any(map(_varies, _children(node)))


def _children(node: Node) -> Sequence[Node]:
    if isinstance(node, Items):
        return node.items
    if isinstance(node, Fields):
        return tuple(node.entries.values())
    if isinstance(node, Alternatives):
        return (node.actual, *node.others)
    return ()


def _count(node: Node) -> int:
    counts = map(_count, _children(node))
    return sum(counts) if isinstance(node, Alternatives) else math.prod(counts)


def _variants(node: Node) -> Iterator[Node]:
    if isinstance(node, Alternatives):
        for each in (node.actual, *node.others):
            yield from _variants(each)
    elif isinstance(node, Items):
        for items in product(*map(_limited, node.items)):
            yield Items(node.position, tuple(item for item in items if item is not OMITTED))
    elif isinstance(node, Fields):
        for values in product(*map(_limited, node.entries.values())):
            pairs = zip(node.entries, values, strict=True)
            yield Fields(node.position, {key: value for key, value in pairs if value is not OMITTED})
    else:
        yield node


def _limited(node: Node) -> list[Node]:
    """The first variants of a part; all of them where the whole has few enough."""
    return list(islice(_variants(node), MAX_COMBINATIONS))


def expression_of(node: Node) -> str:
    """A value as a template gives it, on one short line."""
    text = _expression(node, MAX_EXPRESSION)
    return text if len(text) <= MAX_EXPRESSION else f"{text[: MAX_EXPRESSION - 1]}…"


def _expression(node: Node, room: int) -> str:
    """The text of a node; what is beyond the room is not made, for aliases can make a tree large."""
    if isinstance(node, Unknown):
        return node.expression
    if isinstance(node, Alternatives):
        return _expression(node.actual, room)
    if isinstance(node, Scalar):
        return "null" if node.value is None else str(node.value)[:room]
    parts: list[str] = []
    pairs = node.entries.items() if isinstance(node, Fields) else (("", item) for item in node.items)
    for key, value in pairs:
        if room <= 0:
            break
        parts.append(f"{key}: {_expression(value, room - len(key))}" if key else _expression(value, room))
        room -= len(parts[-1]) + 2
    return f"{{{', '.join(parts)}}}" if isinstance(node, Fields) else f"[{', '.join(parts)}]"
