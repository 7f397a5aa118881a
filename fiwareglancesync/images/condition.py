"""``metadata_condition``: a small, safe part of Python (sync 2), evaluated without ``eval``.

The expression is parsed to a syntax tree, which never runs as Python. A white list checks the tree once; what is not
on it is an error that points into the expression. ``condition_language`` then walks the tree for every image.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ..base.errors import ConfigError
from ..base.text import nearest, show
from .condition_language import ATTRIBUTES, EVALUATORS, FUNCTIONS, METHODS, SCALARS, Evaluation
from .model import Image
from .settings import ConditionError

MAX_LENGTH = 2000  # characters of an expression (sync 2)
MAX_NODES = 500  # nodes of its syntax tree
MAX_DEPTH = 40  # levels of nesting; more would need a deep Python stack

PARTS = ("literals", "image.…", "metadata_set", "and", "or", "not", "comparisons", "in", "… if … else …", "an index",
         "any(… for …)", "all(… for …)", "functions", "methods")  # fmt: skip
# Only metadata_set is a name; the others are what the error message of a wrong name suggests.
NAMES = ("metadata_set", "image.…", "True", "False", "None", *(f"{name}()" for name in FUNCTIONS))
RENAMED = {"has_key": "'key' in image.user_properties"}

Names: TypeAlias = tuple[str, ...]
Parts: TypeAlias = Iterator[tuple[ast.expr, Names]]


@dataclass(unsafe_hash=True)
class CompiledCondition:
    """A checked ``metadata_condition``; never changed, and equal by its source.

    :param source: the expression
    :raises ConfigError: it is none, too long, or goes beyond the language of sync 2; the text has no file
        nor key in it, which the caller adds
    """

    source: str

    def __post_init__(self) -> None:
        self._tree = _Checker(self.source).checked_tree()
        attributes = {node.attr for node in ast.walk(self._tree) if isinstance(node, ast.Attribute)}
        self.reads_hidden = not attributes.isdisjoint({"hidden", "os_hidden"})

    def __call__(self, image: Image, metadata_set: frozenset[str]) -> bool:
        """Evaluate for one image.

        :param image: a master image
        :param metadata_set: the option of that name
        :return: whether the image is selected
        :raises ConditionError: it cannot be evaluated for this image, or takes more than 100,000 steps
        """
        try:
            return bool(Evaluation(image, metadata_set).value(self._tree))
        except KeyError as error:
            raise ConditionError(f"there is no {show(repr(error.args[0]))}; get() gives None instead") from error
        except (TypeError, ValueError, IndexError, OverflowError, RecursionError) as error:
            raise ConditionError(show(str(error), 200)) from error


class _Checker:
    """Parses an expression, and checks its syntax tree by the white list."""

    def __init__(self, source: str) -> None:
        line = source.replace("\r", " ").replace("\n", " ").replace("\f", " ")
        self._text = line.strip()
        self._indent = len(line) - len(line.lstrip())
        if len(source) > MAX_LENGTH:
            raise ConfigError(f"found {len(source)} characters, expected at most {MAX_LENGTH}")

    def checked_tree(self) -> ast.expr:
        """Parse and check.

        :raises ConfigError: the expression is not in the language
        """
        tree = self._parse()
        after = self._text.encode()[tree.end_col_offset or 0 :].decode()
        if "#" in after:
            column = len(self._text) - len(after) + after.index("#")
            raise self._refusal(column, self._text[column:], "a comment would hide the rest, expected none inside")
        nodes = sum(isinstance(node, (ast.expr, ast.comprehension)) for node in ast.walk(tree))
        if nodes > MAX_NODES:
            raise ConfigError(f"the expression has {nodes} parts, expected at most {MAX_NODES}")
        self._check(tree, NAMES, 0)
        return tree

    def _parse(self) -> ast.expr:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of Python about odd literals, which are refused below anyway
                return ast.parse(self._text, mode="eval").body
        except SyntaxError as error:
            column = (error.offset or len(self._text) + 1) - 1
            hint = "; a # outside a text hides the rest" if "#" in self._text else ""
            reason = f"expected a Python expression: {error.msg or 'invalid syntax'}{hint}"
            raise self._refusal(column, self._text[column:].strip(), reason) from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise ConfigError("the expression cannot be parsed: it is too deep, or no valid Unicode") from error

    def _refusal(self, column: int, part: str, reason: str) -> ConfigError:
        where = f"at '{show(part, 40)}'" if part else "at the end"
        return ConfigError(f"column {self._indent + column + 1}, {where}: {reason}")

    def _require(self, allowed: bool, node: ast.expr, reason: str) -> None:
        if not allowed:
            column = len(self._text.encode()[: node.col_offset].decode())  # the parser counts bytes of UTF-8
            raise self._refusal(column, ast.get_source_segment(self._text, node) or "", reason)

    def _require_known(self, node: ast.expr, kind: str, name: str, known: Iterable[str]) -> None:
        if name not in known:
            near = RENAMED.get(name) or nearest(name, known)
            hint = f", did you mean {near}?" if near else ""
            self._require(False, node, f"this {kind} is not permitted{hint}; permitted are {', '.join(known)}")

    def _check(self, node: ast.expr, names: Names, depth: int) -> None:
        if type(node) not in EVALUATORS:
            self._require_known(node, "part", "", PARTS)
        self._require(depth < MAX_DEPTH, node, f"nested more than {MAX_DEPTH} levels deep")
        for part, known in self._parts(node, names):
            self._check(part, known, depth + 1)

    def _parts(self, node: ast.expr, names: Names) -> Parts:
        """What is to be checked of a node, each part with the names that it may use."""
        parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
        match node:
            case ast.Constant(value=value):
                allowed = type(value) in (str, *SCALARS)
                self._require(allowed, node, "only text, numbers, True, False and None are permitted as literals")
            case ast.Name(id=name):
                self._require_known(node, "name", name, names)
            case ast.Attribute(value=ast.Name(id="image"), attr=name):
                self._require_known(node, "attribute", name, ATTRIBUTES)
                return
            case ast.Attribute(value=owner, attr=name):  # a method without parentheses, or what leads out
                yield owner, names
                self._require_known(node, "attribute", name, [f"{method}()" for method in METHODS])
            case ast.UnaryOp(op=sign, operand=operand) if not isinstance(sign, ast.Not):
                number = isinstance(operand, ast.Constant) and type(operand.value) in (int, float)
                self._require(isinstance(sign, ast.USub) and number, node, "only a minus before a number is permitted")
                return
            case ast.Compare(ops=relations):
                for relation, *sides in zip(relations, parts, parts[1:], strict=False):
                    single = any(isinstance(side, ast.Constant) and side.value in (None, True, False) for side in sides)
                    reason = "is compares with None, True or False only; write == instead"
                    self._require(single or not isinstance(relation, (ast.Is, ast.IsNot)), node, reason)
            case ast.Dict(keys=keys):
                self._require(None not in keys, node, "** is not permitted")
            case ast.Call():
                parts = []
                yield from self._parts_of_call(node, names)
        yield from ((part, names) for part in parts)

    def _parts_of_call(self, node: ast.Call, names: Names) -> Parts:
        self._require(not node.keywords, node, "arguments with a name are not permitted")
        function, arguments = node.func, node.args
        if isinstance(function, ast.Attribute):
            name = function.attr
            self._require_known(function, "method", name, METHODS)
            callee = METHODS[name]
            yield function.value, names
        else:
            name = function.id if isinstance(function, ast.Name) else ""
            self._require_known(function, "function", name, FUNCTIONS)
            callee = FUNCTIONS[name]
        if name in ("any", "all") and len(arguments) == 1 and isinstance(arguments[0], ast.GeneratorExp):
            yield from self._parts_of_generator(arguments[0], names)
            return
        expected = f"{callee.least} to {callee.most}" if callee.least < callee.most else f"{callee.least}"
        reason = f"{name}() is given {len(arguments)} arguments, expected {expected}"
        self._require(callee.least <= len(arguments) <= callee.most, node, reason)
        yield from ((argument, names) for argument in arguments)

    def _parts_of_generator(self, node: ast.GeneratorExp, names: Names) -> Parts:
        for loop in node.generators:
            self._require(not loop.is_async, loop.target, "async is not permitted")
            yield loop.iter, names
            for target in loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]:
                name = target.id if isinstance(target, ast.Name) else "_"
                taken = name in ("image", *FUNCTIONS, *names) or name.startswith("_")
                self._require(not taken, target, "expected a name that is not taken and does not start with _")
                names += (name,)
            yield from ((test, names) for test in loop.ifs)
        yield node.elt, names
