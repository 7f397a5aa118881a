"""The language of ``metadata_condition`` (sync 2): what it consists of, and the walk over a checked syntax tree.

Each part that is evaluated costs a step. An operation costs, before it is done, a step for each value that its operands
hold and one for 16 characters of their texts; what an item is looked up in costs nothing. A search in a text costs a
step for 1,024 comparisons of characters. A list that a call returns costs a step for each item. So no expression does
more work than its steps allow, however it nests its values.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from .model import NO_PROPERTIES, Image
from .settings import ConditionError

MAX_STEPS = 100_000
"""Steps of one evaluation (sync 2)."""

STEP_CHARACTERS = 16
"""Characters of a text that are read in one step."""

FREE_CHARACTERS = 1024
"""Characters of a text below which reading it takes no step of its own."""

STEP_COMPARISONS = 1024
"""Comparisons of two characters that a search in a text makes in one step."""

MAX_INT_CHARACTERS = 40
"""Characters that ``int`` reads at most."""

ATTRIBUTES = frozenset({
    "id", "name", "owner", "size", "region", "is_public", "visibility", "checksum", "status", "disk_format",
    "container_format", "tags", "user_properties", "min_disk", "min_ram", "protected", "hidden", "created_at",
    "hash_algo", "hash_value", "os_hidden",
})  # fmt: skip
"""Attributes of ``image``."""

ALIASES: Mapping[str, str] = {"os_hidden": "hidden"}
"""What Glance calls attributes of ``image`` that have another name here."""

SCALARS = frozenset({bool, int, float, type(None)})
SETS = (set, frozenset)
LISTS = (list, tuple, *SETS)
MAPPINGS = (dict, MappingProxyType, type(NO_PROPERTIES))
ITERABLES = (str, *LISTS, *MAPPINGS)

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
        self.steps -= 1
        if self.steps < 0:
            self.spend(0)
        return EVALUATORS[type(node)](self, node)

    def values(self, nodes: Iterable[ast.expr]) -> list[Any]:
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
        kind = type(value)
        if kind in SCALARS or (kind is str and len(value) < FREE_CHARACTERS):
            return value  # the usual case, without a step
        unread = [value]
        while unread:
            item = unread.pop()
            if isinstance(item, str):
                self.spend(len(item) // STEP_CHARACTERS)
            elif type(item) not in SCALARS:
                for items in (item,) if isinstance(item, LISTS) else (item, item.values()):
                    steps = 1 + len(items)
                    try:
                        steps += sum(map(str.__len__, items)) // STEP_CHARACTERS
                    except TypeError:  # not all of them are texts
                        unread += items
                    self.spend(steps)
        return value

    def bool_op(self, node: ast.BoolOp) -> Any:
        decisive, answer = isinstance(node.op, ast.Or), None
        for part in node.values:
            answer = self.value(part)
            if bool(answer) is decisive:
                break
        return answer

    def compare(self, node: ast.Compare) -> Any:
        left, answer = self.value(node.left), None
        for relation, part in zip(node.ops, node.comparators, strict=True):
            right = self.value(part)
            kind = type(relation)
            if kind in (ast.In, ast.NotIn):
                expect(right, ITERABLES, "found {} where in needs a list, a set, a mapping or text")
                self.read(left)
                if not isinstance(right, (*SETS, *MAPPINGS)):
                    self.read(right)
                    self.spend(_search_steps(right, left))
            elif kind not in (ast.Is, ast.IsNot):
                self.read(left)
                self.read(right)
            answer = OPERATORS[kind](left, right)
            if not answer:
                break
            left = right
        return answer

    def subscript(self, node: ast.Subscript) -> Any:
        owner, key = self.value(node.value), self.value(node.slice)
        expect(owner, (str, list, tuple, *MAPPINGS), "found {} where an index needs a list, a mapping or text")
        return owner[self.read(key)]

    def mapping(self, node: ast.Dict) -> Any:
        keys = self.read(self.values(key for key in node.keys if key))  # None would be **, which is refused
        return dict(zip(keys, self.values(node.values), strict=True))

    def call(self, node: ast.Call) -> Any:
        function: Any = node.func
        if node.args and isinstance(node.args[0], ast.GeneratorExp):
            wanted = function.id == "any"
            return self._occurs(wanted, node.args[0].elt, node.args[0].generators) is wanted
        operands: list[Any] = []
        if isinstance(function, ast.Attribute):
            callee = METHODS[function.attr]
            reason = f"{function.attr}() is for {callee.owners}, found {{}}"
            operands.append(expect(self.value(function.value), callee.types, reason))
        else:
            callee = FUNCTIONS[function.id]
        operands += self.values(node.args)
        for operand in operands[callee.unread :]:
            self.read(operand)
        if callee.extra_steps is not None:
            self.spend(callee.extra_steps(*operands))
        result = callee.run(*operands)
        if type(result) is list:
            self.spend(len(result))
        return result

    def _occurs(self, wanted: bool, element: ast.expr, loops: Sequence[ast.comprehension]) -> bool:
        """Whether the element of a generator is true, or false where that is wanted, in one of the turns."""
        if not loops:
            return bool(self.value(element)) is wanted
        for item in iterable(self.value(loops[0].iter)):
            self.spend(1)
            self._bind(loops[0].target, item)
            if all(map(self.value, loops[0].ifs)) and self._occurs(wanted, element, loops[1:]):
                return True
        return False

    def _bind(self, target: Any, item: Any) -> None:
        if isinstance(target, ast.Name):
            self.variables[target.id] = item
            return
        if len(iterable(item)) != len(target.elts):
            raise ValueError(f"a loop binds {len(target.elts)} names, found {len(item)} values")
        self.variables.update(zip((name.id for name in target.elts), item, strict=True))


EVALUATORS: Mapping[type[ast.AST], Callable[[Evaluation, Any], Any]] = {
    ast.Constant: lambda _, node: node.value,
    ast.Name: lambda evaluation, node: evaluation.variables[node.id],
    ast.Attribute: lambda evaluation, node: getattr(evaluation.image, ALIASES.get(node.attr, node.attr)),
    ast.BoolOp: Evaluation.bool_op,
    ast.UnaryOp: lambda evaluation, node: OPERATORS[type(node.op)](evaluation.value(node.operand)),
    ast.Compare: Evaluation.compare,
    ast.IfExp: lambda evaluation, node: evaluation.value(node.body if evaluation.value(node.test) else node.orelse),
    ast.Subscript: Evaluation.subscript,
    ast.Call: Evaluation.call,
    ast.List: lambda evaluation, node: evaluation.values(node.elts),
    ast.Tuple: lambda evaluation, node: tuple(evaluation.values(node.elts)),
    ast.Set: lambda evaluation, node: set(evaluation.read(evaluation.values(node.elts))),
    ast.Dict: Evaluation.mapping,
}
"""The parts that an expression may have, and what evaluates them."""


def expect(value: Any, types: tuple[type, ...], reason: str) -> Any:
    """Return a value of one of the types.

    :raises TypeError: it is of another type; the reason, with what was found for ``{}``
    """
    if not isinstance(value, types):
        raise TypeError(reason.format("None" if value is None else f"a value of type {type(value).__name__}"))
    return value


def iterable(value: Any) -> Any:
    """Return a value that has items.

    :raises TypeError: it has none
    """
    return expect(value, ITERABLES, "found {} where a list, a set or a mapping is needed")


def _int(value: Any) -> int:
    if isinstance(value, str) and len(value) > MAX_INT_CHARACTERS:
        raise ValueError(f"int() reads at most {MAX_INT_CHARACTERS} characters")
    return int(expect(value, (str, int, float), "int() reads a number or text, found {}"))


def _set_method(name: str) -> Callable[..., Any]:
    return lambda owner, *others: getattr(owner, name)(*map(iterable, others))


def _search_steps(text: Any, part: Any = None, *_: Any) -> int:
    if not isinstance(text, str) or not isinstance(part, str):
        return 0
    # At worst all characters of the part are compared wherever it may begin.
    return max(0, len(text) - len(part) + 1) * len(part) // STEP_COMPARISONS


def _strip_steps(text: str, characters: object = None) -> int:
    # Each character of the text is searched among the others.
    return len(text) * len(characters) // STEP_CHARACTERS if isinstance(characters, str) else 0


class Callee(NamedTuple):
    """A function or method.

    :param run: gets the object of a method, and the arguments
    :param least: how many arguments it takes at least
    :param most: how many at most
    :param types: of the object of a method
    :param owners: what error messages call these types
    :param unread: how many operands, from the first, are not read: an item is looked up there, or they are counted
    :param extra_steps: the steps that it takes besides reading its operands
    """

    run: Callable[..., Any]
    least: int
    most: int
    types: tuple[type, ...] = ()
    owners: str = ""
    unread: int = 0
    extra_steps: Callable[..., int] | None = None


FUNCTIONS: Mapping[str, Callee] = {
    "any": Callee(lambda value: any(iterable(value)), 1, 1),
    "all": Callee(lambda value: all(iterable(value)), 1, 1),
    "len": Callee(lambda value: len(iterable(value)), 1, 1, unread=1),
    "set": Callee(lambda *values: set(*map(iterable, values)), 0, 1),
    "str": Callee(str, 1, 1),
    "int": Callee(_int, 1, 1),
}
"""The functions of sync 2."""

METHODS: Mapping[str, Callee] = {
    **{name: Callee(getattr(str, name), 1, 3, (str,), "text") for name in ("startswith", "endswith")},
    "find": Callee(str.find, 1, 3, (str,), "text", extra_steps=_search_steps),
    "count": Callee(str.count, 1, 3, (str,), "text", extra_steps=_search_steps),
    **{name: Callee(getattr(str, name), 0, 0, (str,), "text") for name in ("lower", "upper", "isdigit")},
    "strip": Callee(str.strip, 0, 1, (str,), "text", extra_steps=_strip_steps),
    "split": Callee(str.split, 0, 2, (str,), "text", extra_steps=_search_steps),
    "get": Callee(lambda owner, *arguments: owner.get(*arguments), 1, 2, MAPPINGS, "mappings", unread=1),
    "keys": Callee(list, 0, 0, MAPPINGS, "mappings", unread=1),
    "values": Callee(lambda owner: list(owner.values()), 0, 0, MAPPINGS, "mappings", unread=1),
    "items": Callee(lambda owner: list(owner.items()), 0, 0, MAPPINGS, "mappings", unread=1),
    **{name: Callee(_set_method(name), 0, 16, SETS, "sets") for name in ("intersection", "union", "difference")},
    **{name: Callee(_set_method(name), 1, 1, SETS, "sets") for name in ("issubset", "issuperset", "isdisjoint")},
}
"""The methods of sync 2; no name stands for methods of two types."""
