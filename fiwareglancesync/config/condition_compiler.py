"""Turns the syntax tree of a ``metadata_condition`` into closures, by a white list."""

from __future__ import annotations

import ast
import difflib
import operator
from collections.abc import Callable
from typing import Any, cast

from . import condition_closures as closures
from .condition_closures import Bind, Evaluate, Relation
from .condition_language import (
    ALIASES,
    ATTRIBUTES,
    HIDDEN,
    HINTS,
    IMAGE,
    MAX_DEPTH,
    METADATA_SET,
    RENAMED,
    RESERVED,
)
from .condition_values import FUNCTIONS, LISTS, MAPPINGS, METHODS, SETS, Callee, Frame, kind_of

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Refused(Exception):
    """A part of the expression is not in the language.

    :param node: the part
    :param reason: what is wrong and what is allowed
    """

    def __init__(self, node: ast.AST, reason: str) -> None:
        super().__init__(reason)
        self.node = node
        self.reason = reason


class Compiler:
    """Compiles one expression.

    ``slots`` then tells how many loop variables it needs, ``reads_hidden`` whether it looks at ``image.hidden``.
    """

    def __init__(self) -> None:
        self.slots = 0
        self.reads_hidden = False
        self._scope: dict[str, int] = {}
        self._depth = 0
        self._visitors: dict[type[ast.AST], Callable[[Any], Evaluate]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.BoolOp: self._bool_op,
            ast.UnaryOp: self._unary_op,
            ast.Compare: self._compare,
            ast.IfExp: self._if_exp,
            ast.Subscript: self._subscript,
            ast.Call: self._call,
            ast.List: self._display,
            ast.Tuple: self._display,
            ast.Set: self._display,
            ast.Dict: self._dict,
        }

    def compile(self, node: ast.expr) -> Evaluate:
        """Compile a part of the expression.

        :raises Refused: it is not in the language of sync 2
        """
        visit = self._visitors.get(type(node))
        if visit is None:
            raise Refused(node, HINTS.get(type(node), "this is not allowed in a condition"))
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Refused(node, f"nested more than {MAX_DEPTH} levels deep")
        evaluate = visit(node)
        self._depth -= 1
        return evaluate

    def _constant(self, node: ast.Constant) -> Evaluate:
        value = node.value
        if value is not None and type(value) not in (str, int, float, bool):
            raise Refused(node, "only text, numbers, True, False and None are allowed as literals")
        return lambda frame: value

    def _name(self, node: ast.Name) -> Evaluate:
        if node.id in self._scope:
            slot = self._scope[node.id]
            return lambda frame: frame.variables[slot]
        if node.id == METADATA_SET:
            return lambda frame: frame.metadata_set
        if node.id == IMAGE:
            raise Refused(node, "image is no value by itself, write one of its attributes such as image.name")
        if node.id in FUNCTIONS:
            raise Refused(node, f"{node.id} is a function, write {node.id}(…)")
        known = [IMAGE, METADATA_SET, "True", "False", "None", *FUNCTIONS, *self._scope]
        raise Refused(node, f"unknown name{_nearest(node.id, known)}; image and metadata_set are defined")

    def _attribute(self, node: ast.Attribute) -> Evaluate:
        if not (isinstance(node.value, ast.Name) and node.value.id == IMAGE):
            hint = RENAMED.get(node.attr)
            raise Refused(node, hint or "only image has attributes, and methods are to be called")
        if node.attr not in ATTRIBUTES:
            near = _nearest(node.attr, ATTRIBUTES)
            raise Refused(node, f"image has no such attribute{near}; it has {', '.join(sorted(ATTRIBUTES))}")
        name = ALIASES.get(node.attr, node.attr)
        self.reads_hidden = self.reads_hidden or name == HIDDEN
        get = operator.attrgetter(name)
        return lambda frame: get(frame.image)

    def _bool_op(self, node: ast.BoolOp) -> Evaluate:
        parts = [self.compile(value) for value in node.values]
        return closures.all_of(parts) if isinstance(node.op, ast.And) else closures.any_of(parts)

    def _unary_op(self, node: ast.UnaryOp) -> Evaluate:
        if isinstance(node.op, ast.Not):
            operand = self.compile(node.operand)
            return lambda frame: not operand(frame)
        number = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if isinstance(node.op, ast.USub) and type(number) in (int, float):
            value = -number  # type: ignore[operator]
            return lambda frame: value
        raise Refused(node, HINTS[ast.UnaryOp])

    def _compare(self, node: ast.Compare) -> Evaluate:
        first = self.compile(node.left)
        links = []
        left: ast.expr = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            links.append((self._relation(node, op, left, right), self.compile(right)))
            left = right
        if len(links) == 1:
            relation, second = links[0]
            return lambda frame: relation(frame, first(frame), second(frame))
        return closures.chain(first, links)

    def _relation(self, node: ast.Compare, op: ast.cmpop, left: ast.expr, right: ast.expr) -> Relation:
        if isinstance(op, ast.In):
            return closures.contains
        if isinstance(op, ast.NotIn):
            return lambda frame, a, b: not closures.contains(frame, a, b)
        if isinstance(op, (ast.Is, ast.IsNot)):
            if not any(
                isinstance(side, ast.Constant) and side.value in (None, True, False) for side in (left, right)
            ):
                raise Refused(node, "is compares with None, True or False only; write == instead")
            same = operator.is_ if isinstance(op, ast.Is) else operator.is_not
            return lambda frame, a, b: same(a, b)
        return closures.ordered(_COMPARE[type(op)])

    def _if_exp(self, node: ast.IfExp) -> Evaluate:
        test, then, otherwise = self.compile(node.test), self.compile(node.body), self.compile(node.orelse)
        return lambda frame: then(frame) if test(frame) else otherwise(frame)

    def _subscript(self, node: ast.Subscript) -> Evaluate:
        owner, index = self.compile(node.value), self.compile(node.slice)

        def evaluate(frame: Frame) -> Any:
            value, key = owner(frame), index(frame)
            if isinstance(value, SETS) or not isinstance(value, (str, *LISTS, *MAPPINGS)):
                raise TypeError(f"found {kind_of(value)} where an index needs a list, a mapping or text")
            if type(key) is not str:
                frame.weigh(key)
            return value[key]  # type: ignore[index]

        return evaluate

    def _display(self, node: ast.List | ast.Tuple | ast.Set) -> Evaluate:
        make: Callable[[Any], Any] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
        if all(isinstance(item, ast.Constant) for item in node.elts):
            for item in node.elts:
                self.compile(item)  # refuses literals that are not allowed
            value = make([item.value for item in node.elts if isinstance(item, ast.Constant)])
            return lambda frame: value  # nothing in the language changes it
        parts = [self.compile(item) for item in node.elts]
        if make is not set:
            return lambda frame: make([part(frame) for part in parts])

        def evaluate(frame: Frame) -> Any:
            elements = [part(frame) for part in parts]
            frame.weigh(elements)  # hashing goes over all that they hold
            return set(elements)

        return evaluate

    def _dict(self, node: ast.Dict) -> Evaluate:
        pairs = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                raise Refused(value, "** is not allowed")
            pairs.append((self.compile(key), self.compile(value)))

        def evaluate(frame: Frame) -> Any:
            keys = [key(frame) for key, _ in pairs]
            frame.weigh(keys)
            return {key: value(frame) for key, (_, value) in zip(keys, pairs, strict=True)}

        return evaluate

    def _call(self, node: ast.Call) -> Evaluate:
        if node.keywords:
            raise Refused(node, "arguments with a name are not allowed")
        callee, name = self._callee(node.func)
        if callee.owner:
            owner = self.compile(cast(ast.Attribute, node.func).value)
            return closures.method(callee, name, owner, self._arguments(node, callee, name))
        if name in ("any", "all") and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            return self._quantifier(node.args[0], name == "any")
        arguments = self._arguments(node, callee, name)
        run = callee.run
        return lambda frame: run(frame, *[argument(frame) for argument in arguments])

    def _callee(self, function: ast.expr) -> tuple[Callee, str]:
        if isinstance(function, ast.Attribute):
            if function.attr in METHODS:
                return METHODS[function.attr], function.attr
            near = _nearest(function.attr, METHODS)
            hint = RENAMED.get(
                function.attr, f"no such method{near}; allowed are {', '.join(sorted(METHODS))}"
            )
            raise Refused(function, hint)
        if isinstance(function, ast.Name) and function.id in FUNCTIONS:
            return FUNCTIONS[function.id], function.id
        raise Refused(function, f"this cannot be called; functions are {', '.join(sorted(FUNCTIONS))}")

    def _arguments(self, node: ast.Call, callee: Callee, name: str) -> list[Evaluate]:
        if not callee.least <= len(node.args) <= callee.most:
            expected = (
                str(callee.least) if callee.least == callee.most else f"{callee.least} to {callee.most}"
            )
            raise Refused(node, f"{name}() is given {len(node.args)} arguments, expected {expected}")
        return [self.compile(argument) for argument in node.args]

    def _quantifier(self, node: ast.GeneratorExp, wanted: bool) -> Evaluate:
        outer = dict(self._scope)
        loops = [self._loop(generator) for generator in node.generators]
        run = closures.leaf(self.compile(node.elt), wanted)
        self._scope = outer
        # A turn of a loop costs the parts that it evaluates: its conditions and what stands inside it.
        inside: ast.AST = node.elt
        for (source, bind, condition), generator in reversed(list(zip(loops, node.generators, strict=True))):
            cost = 1 + _size(inside) + sum(map(_size, generator.ifs))
            run = closures.repeat(source, bind, condition, cost, run)
            inside = generator.iter
        return run if wanted else (lambda frame: not run(frame))

    def _loop(self, node: ast.comprehension) -> tuple[Evaluate, Bind, Evaluate]:
        if node.is_async:
            raise Refused(node.target, "async is not allowed")
        source = self.compile(node.iter)
        bind = self._bind(node.target)
        return source, bind, closures.all_of([self.compile(condition) for condition in node.ifs])

    def _bind(self, target: ast.expr) -> Bind:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        slots = []
        for name in names:
            if not isinstance(name, ast.Name):
                raise Refused(name, "a loop binds names only")
            if name.id in RESERVED or name.id in self._scope or name.id.startswith("_"):
                raise Refused(name, "this name is taken, expected a new one that does not start with _")
            self._scope[name.id] = self.slots
            slots.append(self.slots)
            self.slots += 1
        return closures.bind_many(slots) if isinstance(target, ast.Tuple) else closures.bind_one(slots[0])


def _size(node: ast.AST) -> int:
    return sum(1 for part in ast.walk(node) if isinstance(part, (ast.expr, ast.comprehension)))


def _nearest(name: str, known: Any) -> str:
    near: list[str] = difflib.get_close_matches(name, known, 1)
    return f", did you mean {near[0]}?" if near else ""
