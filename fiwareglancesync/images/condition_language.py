"""The language of ``metadata_condition`` (sync 2): what it consists of, and the walk over a checked syntax tree.

Each part that is evaluated costs a step. An operation costs, before it is done, a step for each value that its operands
hold and one for 16 characters of their texts; what an item is looked up in costs nothing. A search in a text costs a
step for 1,024 comparisons of characters. A list that a call returns costs a step for each item. So no expression does
more work than its steps allow, however it nests its values.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from .model import NO_PROPERTIES, Image
from .settings import ConditionError

MAX_STEPS = 100_000  # steps of one evaluation (sync 2)
STEP_CHARACTERS = 16  # characters of a text that are read in one step
STEP_COMPARISONS = 1024  # comparisons of two characters that a search makes in one step
FREE_CHARACTERS = 1024  # characters below which reading a text takes no step of its own
MAX_INT_CHARACTERS = 40  # characters that int reads at most

ATTRIBUTES: Mapping[str, str] = {name: name for name in (
    "id", "name", "owner", "size", "region", "is_public", "visibility", "checksum", "status", "disk_format",
    "container_format", "tags", "user_properties", "min_disk", "min_ram", "protected", "hidden", "created_at",
    "hash_algo", "hash_value",
)} | {"os_hidden": "hidden"}  # fmt: skip
"""Attributes of ``image``, and what they are called in ``Image``."""

SCALARS = frozenset({bool, int, float, type(None)})
TEXT, SETS, MAPPINGS = (str,), (set, frozenset), (dict, MappingProxyType, type(NO_PROPERTIES))
OWNERS: Mapping[tuple[type, ...], str] = {TEXT: "text", SETS: "sets", MAPPINGS: "mappings"}
"""The types that have methods, and what error messages call them."""

OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Not: operator.not_, ast.USub: operator.neg, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: lambda item, items: item in items, ast.NotIn: lambda item, items: item not in items,
}  # fmt: skip


class Evaluation:
    """The evaluation of a checked expression for one image."""

    def __init__(self, image: Image, metadata_set: frozenset[str]) -> None:
        self.image = image
        self.variables: dict[str, Any] = {"metadata_set": metadata_set}
        self.steps = MAX_STEPS

    def value(self, node: ast.expr) -> Any:
        """Evaluate a part of the expression."""
        self.spend(1)
        return EVALUATORS[type(node)](self, node)

    def values(self, nodes: Sequence[ast.expr]) -> list[Any]:
        """Evaluate parts of the expression."""
        return [self.value(node) for node in nodes]

    def spend(self, steps: int) -> None:
        """Count steps before the work that they are for.

        :raises ConditionError: there are not that many left
        """
        self.steps -= steps
        if self.steps < 0:
            raise ConditionError(f"the evaluation takes more than {MAX_STEPS:,} steps")

    def read(self, value: Any) -> Any:
        """Spend the steps of reading a value with all that it holds, and return it.

        A value that holds another one twice costs that twice, because comparing, hashing and printing read it twice.
        """
        unread = [] if type(value) in SCALARS or (type(value) is str and len(value) < FREE_CHARACTERS) else [value]
        while unread:
            item = unread.pop()
            if isinstance(item, str):
                self.spend(len(item) // STEP_CHARACTERS)
            elif type(item) not in SCALARS:
                for items in (item, item.values()) if isinstance(item, MAPPINGS) else (item,):
                    texts = [part for part in items if isinstance(part, str)]
                    self.spend(1 + len(items) + sum(map(len, texts)) // STEP_CHARACTERS)
                    if len(texts) < len(items):
                        unread += [part for part in items if not isinstance(part, str)]
        return value

    def bool_op(self, node: ast.BoolOp) -> Any:
        for part in node.values:
            answer = self.value(part)
            if bool(answer) is isinstance(node.op, ast.Or):
                break
        return answer

    def compare(self, node: ast.Compare) -> Any:
        left, answer = self.value(node.left), None
        for relation, part in zip(node.ops, node.comparators, strict=True):
            right, kind = self.value(part), type(relation)
            if kind in (ast.In, ast.NotIn):
                self.read(left)
                if not isinstance(right, (*SETS, *MAPPINGS)):
                    self.spend(_search_steps(self.read(right), left))
            elif kind not in (ast.Is, ast.IsNot):
                self.read(left)
                self.read(right)
            answer = OPERATORS[kind](left, right)
            if not answer:
                break
            left = right
        return answer

    def subscript(self, node: ast.Subscript) -> Any:
        owner, key = self.values([node.value, node.slice])
        return owner[self.read(key)]

    def call(self, node: ast.Call) -> Any:
        function: Any = node.func
        if node.args and isinstance(node.args[0], ast.GeneratorExp):
            wanted = function.id == "any"
            return self._occurs(wanted, node.args[0].elt, node.args[0].generators) is wanted
        if isinstance(function, ast.Attribute):
            callee, operands = METHODS[function.attr], self.values([function.value, *node.args])
            if not isinstance(operands[0], callee.owner):
                found = "None" if operands[0] is None else f"a value of type {type(operands[0]).__name__}"
                raise TypeError(f"{function.attr}() is for {OWNERS[callee.owner]}, found {found}")
        else:
            callee, operands = FUNCTIONS[function.id], self.values(node.args)
        for operand in operands[callee.unread :]:
            self.read(operand)
        self.spend(callee.extra_steps(*operands))
        result = callee.run(*operands)
        self.spend(len(result) if type(result) is list else 0)
        return result

    def _occurs(self, wanted: bool, element: ast.expr, loops: Sequence[ast.comprehension]) -> bool:
        """Whether the element of a generator is true, or false where that is wanted, in one of the turns."""
        if not loops:
            return bool(self.value(element)) is wanted
        target: Any = loops[0].target
        for item in self.value(loops[0].iter):
            self.spend(1)
            names, items = ([target], [item]) if isinstance(target, ast.Name) else (target.elts, item)
            if len(items) != len(names):
                raise ValueError(f"a loop binds {len(names)} names, found {len(items)} values")
            self.variables.update(zip((name.id for name in names), items, strict=True))
            if all(map(self.value, loops[0].ifs)) and self._occurs(wanted, element, loops[1:]):
                return True
        return False


EVALUATORS: Mapping[type[ast.AST], Callable[[Evaluation, Any], Any]] = {
    ast.Constant: lambda _, node: node.value,
    ast.Name: lambda walk, node: walk.variables[node.id],
    ast.Attribute: lambda walk, node: getattr(walk.image, ATTRIBUTES[node.attr]),
    ast.BoolOp: Evaluation.bool_op,
    ast.UnaryOp: lambda walk, node: OPERATORS[type(node.op)](walk.value(node.operand)),
    ast.Compare: Evaluation.compare,
    ast.IfExp: lambda walk, node: walk.value(node.body if walk.value(node.test) else node.orelse),
    ast.Subscript: Evaluation.subscript,
    ast.Call: Evaluation.call,
    ast.List: lambda walk, node: walk.values(node.elts),
    ast.Tuple: lambda walk, node: tuple(walk.values(node.elts)),
    ast.Set: lambda walk, node: set(walk.read(walk.values(node.elts))),
    ast.Dict: lambda walk, node: dict(zip(walk.read(walk.values(node.keys)), walk.values(node.values), strict=True)),
}
"""The parts that an expression may have, and what evaluates them."""


def _int(value: Any) -> int:
    if isinstance(value, str) and len(value) > MAX_INT_CHARACTERS:
        raise ValueError(f"int() reads at most {MAX_INT_CHARACTERS} characters")
    return int(value)


def _search_steps(text: Any, part: Any = None, *_: Any) -> int:
    """At worst all characters of the part are compared wherever it may begin."""
    texts = isinstance(text, str) and isinstance(part, str)
    return max(0, len(text) - len(part) + 1) * len(part) // STEP_COMPARISONS if texts else 0


def _strip_steps(text: str, characters: object = None) -> int:
    """Each character of the text is searched among the others."""
    return len(text) * len(characters) // STEP_CHARACTERS if isinstance(characters, str) else 0


class Callee(NamedTuple):
    """A function or method; its operands are the object of a method, and the arguments."""

    run: Callable[..., Any]
    least: int  # arguments, without the object of a method
    most: int
    owner: tuple[type, ...] = ()  # types of the object of a method
    unread: int = 0  # operands, from the first, that are only counted, or in which an item is looked up
    extra_steps: Callable[..., int] = lambda *_: 0  # besides those of reading the operands


def _method(name: str, *limits: Any, **more: Any) -> Callee:
    return Callee(lambda owner, *arguments: getattr(owner, name)(*arguments), *limits, **more)


FUNCTIONS: Mapping[str, Callee] = {
    "any": Callee(any, 1, 1),
    "all": Callee(all, 1, 1),
    "len": Callee(len, 1, 1, unread=1),
    "set": Callee(set, 0, 1),
    "str": Callee(str, 1, 1),
    "int": Callee(_int, 1, 1),
}
"""The functions of sync 2."""

METHODS: Mapping[str, Callee] = {
    **{name: _method(name, 1, 3, TEXT) for name in ("startswith", "endswith")},
    **{name: _method(name, 1, 3, TEXT, extra_steps=_search_steps) for name in ("find", "count")},
    **{name: _method(name, 0, 0, TEXT) for name in ("lower", "upper", "isdigit")},
    "strip": _method("strip", 0, 1, TEXT, extra_steps=_strip_steps),
    "split": _method("split", 0, 2, TEXT, extra_steps=_search_steps),
    "get": _method("get", 1, 2, MAPPINGS, unread=1),
    "keys": Callee(list, 0, 0, MAPPINGS, unread=1),
    "values": Callee(lambda owner: list(owner.values()), 0, 0, MAPPINGS, unread=1),
    "items": Callee(lambda owner: list(owner.items()), 0, 0, MAPPINGS, unread=1),
    **{name: _method(name, 0, 16, SETS) for name in ("intersection", "union", "difference")},
    **{name: _method(name, 1, 1, SETS) for name in ("issubset", "issuperset", "isdisjoint")},
}
"""The methods of sync 2; no name stands for methods of two types."""
