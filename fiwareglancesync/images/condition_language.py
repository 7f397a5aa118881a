"""The language of ``metadata_condition`` (sync 2): what it consists of, and the walk over a checked syntax tree.

Work is charged in steps by the size of what it reads, before it reads, so that no expression does more work than its
steps allow, however it nests its values.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from .model import NO_PROPERTIES, Image
from .settings import ConditionError

MAX_STEPS = 100_000
"""Steps of one evaluation (sync 2)."""

MAX_INT_TEXT, LONG_TEXT = 40, 1024
"""Characters that ``int`` reads at most, and those from which comparing two texts is charged."""

STRIDE = 6
"""Text is charged one step for 2**STRIDE characters: it is read that much faster than a list."""

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
DISPLAYS: Mapping[type[ast.AST], Callable[[Iterable[Any]], Any]] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}
OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Not: operator.not_, ast.USub: operator.neg, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: lambda item, items: item in items, ast.NotIn: lambda item, items: item not in items,
}  # fmt: skip


class Evaluation:
    """The evaluation of a checked expression for one image.

    :param known: what ``prepare`` returns for the expression
    :param steps: how many steps it may take
    """

    def __init__(self, image: Image, metadata_set: frozenset[str], known: Mapping[ast.AST, Any], steps: int) -> None:
        self.image = image
        self.variables: dict[str, Any] = {"metadata_set": metadata_set}
        self.known = known
        self.steps = steps

    def value(self, node: ast.expr) -> Any:
        """Evaluate a part of the expression."""
        return EVALUATORS[type(node)](self, node)

    def values(self, nodes: Iterable[ast.expr]) -> list[Any]:
        """Evaluate parts of the expression."""
        return [self.value(node) for node in nodes]

    def spend(self, steps: int) -> None:
        """Count steps before work that takes them.

        :raises ConditionError: there are not that many left
        """
        self.steps -= steps
        if self.steps < 0:
            raise ConditionError(f"the evaluation takes more than {MAX_STEPS:,} steps")

    def weigh(self, value: Any, stride: int = STRIDE) -> None:
        """Charge the reading of a value with all that it holds, before it is compared, hashed or printed.

        A value that holds another twice is charged twice, because all of these read it twice.

        :param stride: text costs a step for ``2**stride`` characters
        """
        pending = [value]
        while pending:
            item = pending.pop()
            if isinstance(item, str):
                self.spend(1 + (len(item) >> stride))
            elif isinstance(item, LISTS):
                self.spend(1 + len(item))
                pending.extend(item)
            elif isinstance(item, MAPPINGS):
                self.spend(1 + 2 * len(item))
                pending.extend((*item.keys(), *item.values()))
            else:
                self.spend(1)

    def charged(self, value: Any, steps: int = 1) -> Any:
        """Charge each item of a value, and return it."""
        self.spend(steps * len(iterable(value)))
        return value

    def as_key(self, value: Any) -> Any:
        """Charge the hashing of a value, and return it."""
        if type(value) is not str:
            self.weigh(value)
        return value

    def as_sets(self, values: Sequence[Any]) -> Sequence[Any]:
        """Charge the turning of values into sets, and return them."""
        for value in values:
            if value is self.variables["metadata_set"] or value is self.image.user_properties:
                self.spend(len(value))  # the usual case, known to hold short texts
            else:
                self.weigh(iterable(value), 0 if isinstance(value, str) else STRIDE)
        return values

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
            if isinstance(relation, (ast.In, ast.NotIn)):
                self._charge_search(left, right)
            elif not isinstance(relation, (ast.Is, ast.IsNot)):
                self._charge_comparison(left, right)
            answer = OPERATORS[type(relation)](left, right)
            if not answer:
                break
            left = right
        return answer

    def _charge_comparison(self, left: Any, right: Any) -> None:
        if type(left) is not str and type(left) not in SCALARS:
            self.weigh(left)
            self.weigh(right)
        elif type(left) is str and len(left) > LONG_TEXT:
            self.weigh(left)

    def _charge_search(self, item: Any, container: Any) -> None:
        expect(container, (str, *LISTS, *MAPPINGS), "found {} where in needs a list, a set, a mapping or text")
        reading = len(item) >> STRIDE if type(item) is str else 0
        if isinstance(container, str):
            self.spend(len(container) >> 2)
        elif isinstance(container, (list, tuple)) and (type(item) is str or type(item) in SCALARS):
            self.spend(len(container) * (1 + reading))
        elif isinstance(container, (list, tuple)):
            self.weigh(container)
        self.spend(reading)
        self.as_key(item)

    def subscript(self, node: ast.Subscript) -> Any:
        owner, key = self.value(node.value), self.value(node.slice)
        expect(owner, (str, list, tuple, *MAPPINGS), "found {} where an index needs a list, a mapping or text")
        return owner[self.as_key(key)]

    def display(self, node: ast.List | ast.Tuple | ast.Set) -> Any:
        if node in self.known:
            return self.known[node]
        items = self.values(node.elts)
        if isinstance(node, ast.Set):
            self.weigh(items)
        return DISPLAYS[type(node)](items)

    def mapping(self, node: ast.Dict) -> Any:
        keys = self.values(key for key in node.keys if key)  # None would be **, which is refused
        self.weigh(keys)
        return {key: self.value(value) for key, value in zip(keys, node.values, strict=True)}

    def call(self, node: ast.Call) -> Any:
        function: Any = node.func
        if isinstance(function, ast.Attribute):
            owner, name = self.value(function.value), function.attr
            method = METHODS[name]
            expect(owner, method.types, f"{name}() is for {method.owners}, found {{}}")
            return method.run(self, name, owner, *self.values(node.args))
        if node.args and isinstance(node.args[0], ast.GeneratorExp):
            wanted = function.id == "any"
            return self._occurs(wanted, node.args[0].elt, node.args[0].generators) is wanted
        return FUNCTIONS[function.id].run(self, *self.values(node.args))

    def _occurs(self, wanted: bool, element: ast.expr, loops: Sequence[ast.comprehension]) -> bool:
        """Whether the element of a generator is true, or false where that is wanted, in one of the turns."""
        if not loops:
            return bool(self.value(element)) is wanted
        for item in iterable(self.value(loops[0].iter)):
            self.spend(self.known[loops[0]])
            self._bind(loops[0].target, item)
            if all(map(self.value, loops[0].ifs)) and self._occurs(wanted, element, loops[1:]):
                return True
        return False

    def _bind(self, target: Any, item: Any) -> None:
        if isinstance(target, ast.Name):
            self.variables[target.id] = item
            return
        values = list(iterable(item))
        if len(values) != len(target.elts):
            raise ValueError(f"a loop binds {len(target.elts)} names, found {len(values)} values")
        self.variables.update(zip((name.id for name in target.elts), values, strict=True))


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
    **dict.fromkeys(DISPLAYS, Evaluation.display),
    ast.Dict: Evaluation.mapping,
}
"""The parts that an expression may have, and what evaluates them."""


def prepare(tree: ast.expr) -> Mapping[ast.AST, Any]:
    """Compute what no image changes.

    :return: the values of the displays that hold literals only, and the steps of a turn of each loop
    """
    known: dict[ast.AST, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            literals = [item.value for item in node.elts if isinstance(item, ast.Constant)]
            if len(literals) == len(node.elts):
                known[node] = DISPLAYS[type(node)](literals)
        elif isinstance(node, ast.GeneratorExp):
            # A turn costs the parts that it may evaluate: the conditions, and the next loop's source or the element.
            inner = [*(loop.iter for loop in node.generators[1:]), node.elt]
            for loop, part in zip(node.generators, inner, strict=True):
                known[loop] = 1 + sum(map(count_parts, (part, *loop.ifs)))
    return known


def count_parts(tree: ast.expr) -> int:
    """Count the nodes of a syntax tree; each is a step."""
    return sum(isinstance(node, (ast.expr, ast.comprehension)) for node in ast.walk(tree))


def expect(value: Any, types: tuple[type, ...], reason: str) -> Any:
    """Return a value of one of the types.

    :raises TypeError: it is of another type; the reason, with its kind for ``{}``
    """
    if not isinstance(value, types):
        raise TypeError(reason.format("None" if value is None else f"a value of type {type(value).__name__}"))
    return value


def iterable(value: Any) -> Any:
    """Return a value that has items."""
    return expect(value, (str, *LISTS, *MAPPINGS), "found {} where a list, a set or a mapping is needed")


def _int(_: Evaluation, value: Any) -> int:
    if isinstance(value, str) and len(value) > MAX_INT_TEXT:
        raise ValueError(f"int() reads at most {MAX_INT_TEXT} characters")
    return int(expect(value, (str, int, float), "int() reads a number or text, found {}"))


def _str(evaluation: Evaluation, value: Any) -> str:
    if not isinstance(value, str):
        evaluation.weigh(value, 0)
    return str(value)


def _text_method(stride: int, evaluation: Evaluation, name: str, text: str, *arguments: Any) -> Any:
    evaluation.spend(len(text) >> stride)
    for argument in arguments:
        if type(argument) is not int:
            evaluation.weigh(argument)
    return getattr(str, name)(text, *arguments)


def _get(evaluation: Evaluation, _: str, owner: Mapping[Any, Any], key: Any, default: Any = None) -> Any:
    return owner.get(evaluation.as_key(key), default)


def _items(evaluation: Evaluation, _: str, owner: Mapping[Any, Any]) -> list[Any]:
    return list(evaluation.charged(owner, 2).items())


def _set_method(evaluation: Evaluation, name: str, owner: Any, *others: Any) -> Any:
    return getattr(set if isinstance(owner, set) else frozenset, name)(*evaluation.as_sets((owner, *others)))


class Callee(NamedTuple):
    """A function or method; ``run`` gets the evaluation, the name and the object of a method, and the arguments."""

    run: Callable[..., Any]
    least: int
    most: int
    types: tuple[type, ...] = ()
    owners: str = ""


FUNCTIONS: Mapping[str, Callee] = {
    "any": Callee(lambda evaluation, value: any(evaluation.charged(value)), 1, 1),
    "all": Callee(lambda evaluation, value: all(evaluation.charged(value)), 1, 1),
    "len": Callee(lambda _, value: len(iterable(value)), 1, 1),
    "set": Callee(lambda evaluation, *values: set(*evaluation.as_sets(values)), 0, 1),
    "str": Callee(_str, 1, 1),
    "int": Callee(_int, 1, 1),
}
"""The functions of sync 2."""

METHODS: Mapping[str, Callee] = {
    **dict.fromkeys(("startswith", "endswith"), Callee(partial(_text_method, STRIDE), 1, 3, (str,), "text")),
    **dict.fromkeys(("find", "count"), Callee(partial(_text_method, 2), 1, 3, (str,), "text")),
    **dict.fromkeys(("lower", "upper", "isdigit"), Callee(partial(_text_method, 2), 0, 0, (str,), "text")),
    "strip": Callee(partial(_text_method, 2), 0, 1, (str,), "text"),
    "split": Callee(partial(_text_method, 0), 0, 2, (str,), "text"),
    "get": Callee(_get, 1, 2, MAPPINGS, "mappings"),
    "keys": Callee(lambda evaluation, _, owner: list(evaluation.charged(owner)), 0, 0, MAPPINGS, "mappings"),
    "values": Callee(lambda evaluation, _, owner: list(evaluation.charged(owner).values()), 0, 0, MAPPINGS, "mappings"),
    "items": Callee(_items, 0, 0, MAPPINGS, "mappings"),
    **dict.fromkeys(("intersection", "union", "difference"), Callee(_set_method, 0, 16, SETS, "sets")),
    **dict.fromkeys(("issubset", "issuperset", "isdisjoint"), Callee(_set_method, 1, 1, SETS, "sets")),
}
"""The methods of sync 2; no name stands for methods of two types."""
