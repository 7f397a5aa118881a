"""The definitions of resources that groups have in their properties (vault 5.1). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice

from .template_nodes import (
    OMITTED,
    Alternatives,
    Fields,
    Items,
    Node,
    Scalar,
    Unknown,
    expression_of,
    options,
    with_others,
)

CHAIN = "OS::Heat::ResourceChain"
DEFINITIONS = ("resource_def", "resource")
"""The properties that are definitions: of ``OS::Heat::ResourceGroup``, of ``OS::Heat::AutoScalingGroup``."""

INDEX = "%index%"
MAX_MEMBERS = 1000
"""Members of a group that are visited."""


@dataclass(frozen=True, slots=True)
class Member:
    """The definition of the members of a group, or of one of them.

    :param name: of the member; empty if the group chooses it
    :param kind: its type
    :param properties: evaluated
    :param is_certain: whether the group has it; else it may have it
    """

    name: str
    kind: Node
    properties: Node
    is_certain: bool = True


def definitions_of(kind: str, properties: Node) -> Iterator[Member | Unknown]:
    """The members of a group; none for a resource that is no group.

    :param kind: type of the resource
    :param properties: evaluated
    """
    if not isinstance(properties, Fields):
        return
    if kind == CHAIN:
        yield from _links(properties)
        return
    for key in DEFINITIONS:
        definition = properties.get(key)
        if definition is None:
            continue
        actual, *others = options(definition)
        yield from _members(actual, properties, is_certain=True)
        for other in others:
            yield from _members(other, properties, is_certain=False)


def _links(properties: Fields) -> Iterator[Member | Unknown]:
    """The members of a chain: one for each type."""
    given = properties.get("resource_properties") or Fields(properties.position, {})
    kinds = properties.get("resources")
    if isinstance(kinds, Items):
        for number, kind in enumerate(kinds.items):
            yield Member(str(number), kind, given)
    elif isinstance(kinds, Unknown):
        yield kinds


def _members(definition: Node, group: Fields, *, is_certain: bool) -> Iterator[Member | Unknown]:
    if isinstance(definition, Unknown):
        yield definition
        return
    kind = definition.get("type") if isinstance(definition, Fields) else None
    if kind is None or not isinstance(definition, Fields):
        return
    properties = definition.get("properties") or Fields(definition.position, {})
    index = group.get("index_var")
    variable = str(index.value) if isinstance(index, Scalar) and index.value else INDEX
    actual, *others = options(group.get("count") or Scalar(group.position, 1))
    for number, certain in ((actual, is_certain), *((other, False) for other in others)):
        yield from _numbered(Member("", kind, properties, certain), number, variable, _skipped(group))


def _numbered(member: Member, number: Node, variable: str, skipped: frozenset[str]) -> Iterator[Member | Unknown]:
    """The members of a group of some size.

    :param number: how many there are
    :param variable: what stands for the number of a member
    :param skipped: the numbers that no member has
    """
    size = _size(number)
    if not _has(member.properties, variable):
        certain = member.is_certain and size != 0
        yield Member("0" if size is not None else "", member.kind, member.properties, certain)
        return
    if size is None:
        reason = number.reason if isinstance(number, Unknown) else "the size of the group is no number"
        unknown = Unknown(number.position, expression_of(number), reason)
        yield Member("", member.kind, _with_index(member.properties, variable, unknown), member.is_certain)
        return
    if size > MAX_MEMBERS:
        yield Unknown(number.position, expression_of(number), f"the group has more than {MAX_MEMBERS} members")
    names = (str(each) for each in count() if str(each) not in skipped)
    for name in islice(names, min(max(size, 1), MAX_MEMBERS)):
        properties = _with_index(member.properties, variable, name)
        yield Member(name, member.kind, properties, member.is_certain and size > 0)


def _size(number: Node) -> int | None:
    """How many members a group has; None if that is not known."""
    value = number.value if isinstance(number, Scalar) else None
    try:
        return max(0, int(value)) if isinstance(value, (int, str)) and number is not OMITTED else None
    except ValueError:
        return None


def _skipped(group: Fields) -> frozenset[str]:
    """The numbers that ``removal_policies`` takes out."""
    policies = group.get("removal_policies")
    lists = (
        policy.get("resource_list") for policy in (policies.items if isinstance(policies, Items) else ())
        if isinstance(policy, Fields)
    )
    return frozenset(
        str(item.value)
        for found in lists if isinstance(found, Items)
        for item in found.items if isinstance(item, Scalar)
    )


def _has(node: Node, variable: str) -> bool:
    if isinstance(node, Scalar):
        return isinstance(node.value, str) and variable in node.value
    if isinstance(node, Items):
        return any(_has(item, variable) for item in node.items)
    if isinstance(node, Fields):
        return any(_has(value, variable) for value in node.entries.values())
    return isinstance(node, Alternatives) and any(_has(each, variable) for each in options(node))


def _with_index(node: Node, variable: str, index: str | Unknown) -> Node:
    """A value with the number of a member in it.

    :param index: the number; Unknown if the group's size is
    """
    if isinstance(node, Scalar):
        if not isinstance(node.value, str) or variable not in node.value:
            return node
        if isinstance(index, Unknown):
            return Unknown(node.position, node.value, f"{variable}: {index.reason}")
        return Scalar(node.position, node.value.replace(variable, index))
    if isinstance(node, Items):
        return Items(node.position, tuple(_with_index(item, variable, index) for item in node.items))
    if isinstance(node, Fields):
        entries = {key: _with_index(value, variable, index) for key, value in node.entries.items()}
        return Fields(node.position, entries)
    if isinstance(node, Alternatives):
        return with_others([_with_index(each, variable, index) for each in options(node)])
    return node
