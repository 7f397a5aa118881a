"""``metadata_condition``: a small, safe part of Python (sync 2), evaluated without ``eval``.

The expression is parsed to a syntax tree, which never runs as Python. A white list checks the tree once; what is not
on it is an error that points into the expression. ``condition_language`` then walks the tree for every image.
"""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
import warnings
from collections.abc import Iterable, Mapping
from itertools import pairwise

from ..base.errors import ConfigError
from ..base.text import show
from .condition_language import ATTRIBUTES, EVALUATORS, FUNCTIONS, METHODS, SCALARS, Evaluation
from .model import Image
from .settings import ConditionError

MAX_LENGTH, MAX_NODES = 2000, 500
"""Characters of an expression, and nodes of its syntax tree (sync 2)."""

MAX_DEPTH = 40
"""Levels of nesting of an expression; deeper ones would need a deep Python stack."""

HINTS: Mapping[type[ast.AST], str] = {
    ast.BinOp: "arithmetic and % are not allowed",
    ast.UnaryOp: "only not, and a minus before a number, are allowed",
    ast.Lambda: "lambda is not allowed",
    ast.NamedExpr: "assignment is not allowed",
    ast.JoinedStr: "f-strings are not allowed",
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.DictComp), "write any(… for …) or all(… for …)"),
    ast.GeneratorExp: "a generator stands only inside any(…) or all(…)",
    ast.Starred: "* is not allowed",
    ast.Slice: "slices are not allowed, only an index",
    ast.Await: "await is not allowed",
    **dict.fromkeys((ast.Yield, ast.YieldFrom), "yield is not allowed"),
}
RENAMED: Mapping[str, str] = {
    "has_key": "has_key is gone from Python: write 'key' in image.user_properties",
    **{f"iter{name}": f"iter{name} is gone from Python: write {name}()" for name in ("items", "keys", "values")},
}


class CompiledCondition:
    """A checked ``metadata_condition``; equal, hashable and picklable by its source.

    :param source: the expression
    :raises ConfigError: it is none, too long, or goes beyond the language of sync 2; the text has no file
        nor key in it, which the caller adds
    """

    __slots__ = ("_tree", "reads_hidden", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._tree = _parse(source)
        nodes = sum(isinstance(node, (ast.expr, ast.comprehension)) for node in ast.walk(self._tree))
        if nodes > MAX_NODES:
            raise ConfigError(f"the expression has {nodes} parts, expected at most {MAX_NODES}")
        try:
            _Check().parts(self._tree)
        except _Refused as refusal:
            raise ConfigError(_point_at(source, *refusal.args)) from refusal
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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CompiledCondition) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"CompiledCondition({self.source!r})"

    def __reduce__(self) -> tuple[type[CompiledCondition], tuple[str]]:
        return CompiledCondition, (self.source,)


class _Refused(Exception):
    """A part of the expression is not in the language; the arguments are the node and the reason."""


class _Check:
    """Checks a syntax tree by the white list."""

    def __init__(self) -> None:
        self._variables: frozenset[str] = frozenset()
        self._depth = 0

    def parts(self, *nodes: ast.expr) -> None:
        """Check parts of the tree.

        :raises _Refused: one is not in the language
        """
        for node in nodes:
            _require(type(node) in EVALUATORS, node, HINTS.get(type(node), "this is not allowed in a condition"))
            _require(self._depth < MAX_DEPTH, node, f"nested more than {MAX_DEPTH} levels deep")
            self._depth += 1
            self._check_node(node)
            self._depth -= 1

    def _check_node(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=value):
                allowed = type(value) is str or type(value) in SCALARS
                _require(allowed, node, "only text, numbers, True, False and None are allowed as literals")
            case ast.Name(id=name):
                self._name(node, name)
            case ast.Attribute(value=ast.Name(id="image"), attr=name):
                if name not in ATTRIBUTES:
                    known = f"{_nearest(name, ATTRIBUTES)}; it has {', '.join(sorted(ATTRIBUTES))}"
                    raise _Refused(node, f"image has no such attribute{known}")
            case ast.Attribute(attr=name):
                raise _Refused(
                    node, RENAMED.get(name, "only image has attributes; write a method with parentheses: name()")
                )
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=number)) if type(number) in (int, float):
                pass
            case ast.UnaryOp() if not isinstance(node.op, ast.Not):
                raise _Refused(node, HINTS[ast.UnaryOp])
            case ast.Compare():
                self._compare(node)
            case ast.Call():
                self._call(node)
            case ast.Dict():
                for key, item in zip(node.keys, node.values, strict=True):
                    if key is None:
                        raise _Refused(item, "** is not allowed")
                    self.parts(key, item)
            case _:
                self.parts(*(part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)))

    def _name(self, node: ast.Name, name: str) -> None:
        _require(name != "image", node, "image is no value by itself, write one of its attributes such as image.name")
        _require(name not in FUNCTIONS, node, f"{name} is a function, write {name}(…)")
        if name not in ("metadata_set", *self._variables):
            known = ["image", "metadata_set", "True", "False", "None", *FUNCTIONS, *self._variables]
            raise _Refused(node, f"unknown name{_nearest(name, known)}; image and metadata_set are defined")

    def _compare(self, node: ast.Compare) -> None:
        self.parts(node.left)
        for relation, sides in zip(node.ops, pairwise([node.left, *node.comparators]), strict=True):
            allowed = not isinstance(relation, (ast.Is, ast.IsNot)) or any(
                isinstance(side, ast.Constant) and side.value in (None, True, False) for side in sides
            )
            _require(allowed, node, "is compares with None, True or False only; write == instead")
            self.parts(sides[1])

    def _call(self, node: ast.Call) -> None:
        _require(not node.keywords, node, "arguments with a name are not allowed")
        match node.func:
            case ast.Attribute(value=owner, attr=name) if name in METHODS:
                callee = METHODS[name]
                self.parts(owner)
            case ast.Attribute(attr=name):
                methods = f"no such method{_nearest(name, METHODS)}; allowed are {', '.join(sorted(METHODS))}"
                raise _Refused(node.func, RENAMED.get(name, methods))
            case ast.Name(id=name) if name in FUNCTIONS:
                callee = FUNCTIONS[name]
            case _:
                raise _Refused(node.func, f"this cannot be called; functions are {', '.join(sorted(FUNCTIONS))}")
        match node.args:
            case [ast.GeneratorExp() as generator] if name in ("any", "all"):
                self._generator(generator)
            case arguments:
                least, most, count = callee.least, callee.most, len(arguments)
                expected = f"{least} to {most}" if least < most else f"{least}"
                _require(least <= count <= most, node, f"{name}() is given {count} arguments, expected {expected}")
                self.parts(*arguments)

    def _generator(self, node: ast.GeneratorExp) -> None:
        outer = self._variables
        for loop in node.generators:
            _require(not loop.is_async, loop.target, "async is not allowed")
            self.parts(loop.iter)
            for name in loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]:
                self._bind(name)
            self.parts(*loop.ifs)
        self.parts(node.elt)
        self._variables = outer

    def _bind(self, name: ast.expr) -> None:
        if not isinstance(name, ast.Name):
            raise _Refused(name, "a loop binds names only")
        taken = name.id in {"image", "metadata_set", *FUNCTIONS, *self._variables} or name.id.startswith("_")
        _require(not taken, name, "this name is taken, expected a new one that does not start with _")
        self._variables |= {name.id}


def _require(allowed: bool, node: ast.AST, reason: str) -> None:
    if not allowed:
        raise _Refused(node, reason)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f", did you mean {near[0]}?" if near else ""


def _parse(source: str) -> ast.expr:
    """Parse an expression.

    :raises ConfigError: it is no Python expression, or too long or too deep
    """
    if len(source) > MAX_LENGTH:
        raise ConfigError(f"found {len(source)} characters, expected at most {MAX_LENGTH}")
    try:
        source.encode()
    except UnicodeEncodeError:
        raise ConfigError("found text that is no valid Unicode, expected an expression") from None
    text = _one_line(source)
    if "#" in text and _has_comment(text):
        raise ConfigError(f"{_column(source, text.rindex('#'))}: a comment would hide the rest, expected none inside")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python about odd literals, which are refused below anyway
            return ast.parse(text.strip() or "?", mode="eval").body
    except SyntaxError as error:
        reason = error.msg or "invalid syntax"
        column = (error.offset or len(text.strip()) + 1) - 1
        raise ConfigError(f"{_column(source, column)}: expected a Python expression: {reason}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(f"the expression cannot be parsed: {type(error).__name__}; write it simpler") from error


def _one_line(source: str) -> str:
    return source.replace("\r", " ").replace("\n", " ").replace("\f", " ").lstrip()


def _has_comment(text: str) -> bool:
    try:
        return any(token.type == tokenize.COMMENT for token in tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return False  # the error of the parser is clearer


def _column(source: str, column: int) -> str:
    column += len(source) - len(source.lstrip())
    rest = show(source[column:].strip(), 40)
    return f"column {column + 1}, at '{rest}'" if rest else f"column {column + 1}, at the end"


def _point_at(source: str, node: ast.expr, reason: str) -> str:
    line = _one_line(source).encode()  # the parser counts columns in bytes of UTF-8
    part = line[node.col_offset : node.end_col_offset].decode(errors="replace")
    column = len(line[: node.col_offset].decode(errors="replace")) + len(source) - len(source.lstrip())
    return f"column {column + 1}, at '{show(part, 40)}': {reason}"
