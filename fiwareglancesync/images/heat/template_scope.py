"""Evaluates the expressions of one template with the values of its parameters (vault 5.1). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .template_documents import Template
from .template_functions import CHOICES, NAMES, Call, NotResolved, function_of, hot_version
from .template_nodes import (
    OMITTED,
    Fields,
    Items,
    Node,
    Scalar,
    Unknown,
    ValueUnknown,
    expression_of,
    options,
    plain,
    variants,
    with_others,
)

CONDITIONS_SINCE = "2016-10-14"
CONTAINS_SINCE = "2017-09-01"
OMITTING_SINCE = "2021-04-16"
"""The versions of HOT from which there are conditions, ``contains``, and an ``if`` with one arm."""

CONDITION_NAMES = {"Fn::Equals": "equals", "Fn::Not": "not", "Fn::And": "and", "Fn::Or": "or"}


@dataclass(frozen=True, slots=True)
class TemplateScope:
    """A template with the values of its parameters.

    :param parameters: by their names
    """

    template: Template
    parameters: Mapping[str, Node]
    _judged: dict[str, bool | Unknown | None] = field(default_factory=dict)

    def evaluate(self, node: Node) -> Node:
        """The value of an expression."""
        if isinstance(node, Items):
            evaluated = (self.evaluate(item) for item in node.items)
            return Items(node.position, tuple(item for item in evaluated if item is not OMITTED))
        if isinstance(node, Fields):
            if len(node.entries) == 1:
                ((name, args),) = node.entries.items()
                if name in NAMES:
                    return self._call(name, args, node)
            pairs = ((key, self.evaluate(value)) for key, value in node.entries.items())
            return Fields(node.position, {key: value for key, value in pairs if value is not OMITTED})
        return node

    def _call(self, name: str, args: Node, node: Node) -> Node:
        if name in CHOICES and (name == "if") == self.template.is_hot:
            return self._chosen(args, node)
        try:
            function = function_of(name, self.template)
        except NotResolved as error:
            return Unknown(node.position, expression_of(node), str(error))
        call = Call(node, self.template, self.parameters)
        results: list[Node] = []
        for each in variants(self.evaluate(args)):
            try:
                results.append(each if isinstance(each, Unknown) else function(call, each))
            except NotResolved as error:
                results.append(Unknown(node.position, expression_of(node), str(error)))
            except ValueUnknown as error:
                unknown = error.unknown
                results.append(Unknown(node.position, expression_of(node), unknown.reason, unknown.missing))
        return with_others([self._shown(each, node) for each in results])

    def _shown(self, result: Node, node: Node) -> Node:
        """A result; that of a parameter without a value is shown as this expression."""
        shown = [
            Unknown(node.position, expression_of(node), each.reason, each.missing)
            if isinstance(each, Unknown) and each.missing and each.position.file == self.template.file
            else each
            for each in options(result)
        ]
        return with_others(shown)

    def _chosen(self, args: Node, node: Node) -> Node:
        """``if`` and ``Fn::If``: the arm that its condition chooses, with the other one beside it."""
        version = hot_version(self.template)
        if self.template.is_hot and version < CONDITIONS_SINCE:
            text = f"if is no function of version {self.template.version}"
            return Unknown(node.position, expression_of(node), text)
        count = len(args.items) if isinstance(args, Items) else 0
        one_armed = count == 2 and version >= OMITTING_SINCE
        if not isinstance(args, Items) or not (count == 3 or one_armed):
            return Unknown(node.position, expression_of(node), "it needs a condition and two values")
        condition, *arms = args.items
        values = [*map(self.evaluate, arms), *[OMITTED] * one_armed]
        verdict = self.judge(condition)
        if isinstance(verdict, Unknown):
            unknown = Unknown(node.position, expression_of(node), verdict.reason, verdict.missing)
            return with_others([unknown, *values])
        chosen = values if verdict else values[::-1]
        return with_others(chosen)

    def judge(self, node: Node) -> bool | Unknown:
        """Whether a condition holds."""
        if isinstance(node, Scalar):
            return self._judge_scalar(node)
        if isinstance(node, Fields) and len(node.entries) == 1:
            ((name, args),) = node.entries.items()
            name = CONDITION_NAMES.get(name, name)
            if name in ("and", "or") and isinstance(args, Items):
                return self._judge_all(args, decisive=name == "or")
            if name == "not":
                # In the form of CloudFormation its argument is a list of one.
                verdict = self.judge(args.items[0] if isinstance(args, Items) and len(args.items) == 1 else args)
                return verdict if isinstance(verdict, Unknown) else not verdict
            if name in ("equals", "contains"):
                return self._judge_values(name, args, node)
        value = self.evaluate(node)
        actual = options(value)[0]
        if isinstance(actual, Scalar) and actual is not OMITTED:
            return self._judge_scalar(actual)
        if isinstance(actual, Unknown):
            return actual
        return Unknown(node.position, expression_of(node), "it is no condition")

    def _judge_scalar(self, node: Scalar) -> bool | Unknown:
        if isinstance(node.value, bool):
            return node.value
        name = str(node.value)
        condition = self.template.conditions.entries.get(name)
        if condition is None:
            return Unknown(node.position, expression_of(node), f"there is no condition {name}")
        if name not in self._judged:
            self._judged[name] = None
            self._judged[name] = self.judge(condition)
        verdict = self._judged[name]
        if verdict is None:
            return Unknown(node.position, name, f"the condition {name} is part of itself")
        return verdict

    def _judge_all(self, args: Items, *, decisive: bool) -> bool | Unknown:
        """``and`` and ``or``.

        :param decisive: the verdict on one condition that decides on all
        """
        verdicts = [self.judge(item) for item in args.items]
        if decisive in verdicts:
            return decisive
        return next((verdict for verdict in verdicts if isinstance(verdict, Unknown)), not decisive)

    def _judge_values(self, name: str, args: Node, node: Node) -> bool | Unknown:
        if not isinstance(args, Items) or len(args.items) != 2:
            return Unknown(node.position, expression_of(node), f"{name} needs two values")
        if name == "contains" and hot_version(self.template) < CONTAINS_SINCE:
            return Unknown(node.position, expression_of(node), "contains is no function of this version")
        try:
            one, other = (plain(self.evaluate(item)) for item in args.items)
        except ValueUnknown as error:
            return error.unknown
        if name == "equals":
            return one == other
        if isinstance(other, list):
            return one in other
        if isinstance(other, str) and isinstance(one, str):
            return one in other
        return Unknown(node.position, expression_of(node), "contains needs a list")
