"""``metadata_condition``: a small, safe part of Python (sync 2), evaluated without ``eval``.

The expression is parsed to a syntax tree, never run as Python. A white list turns the tree into closures;
what is not on it is an error that points into the expression. Every evaluation counts its steps.
"""

from __future__ import annotations

import ast
import io
import tokenize
import warnings

from ..base.errors import ConfigError
from ..base.text import show
from ..images.model import Image
from ..images.settings import ConditionError
from .condition_compiler import Compiler, Refused
from .condition_values import MAX_STEPS, Frame, OutOfSteps

MAX_LENGTH = 2000
"""Characters of an expression (sync 2)."""

MAX_NODES = 500
"""Nodes of its syntax tree (sync 2)."""


class CompiledCondition:
    """A checked ``metadata_condition``; equal, hashable and picklable by its source.

    :param source: the expression
    :raises ConfigError: it is none, too long, or goes beyond the language of sync 2; the text has no file
        nor key in it, which the caller adds
    """

    __slots__ = ("_cost", "_evaluate", "_permits", "reads_hidden", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        tree = _parse(source)
        nodes = sum(isinstance(node, (ast.expr, ast.comprehension)) for node in ast.walk(tree))
        if nodes > MAX_NODES:
            raise ConfigError(f"the expression has {nodes} parts, expected at most {MAX_NODES}")
        compiler = Compiler()
        try:
            self._evaluate = compiler.compile(tree.body)
        except Refused as refusal:
            raise ConfigError(_point_at(source, refusal.node, refusal.reason)) from refusal
        self._permits = compiler.slots
        self.reads_hidden = compiler.reads_hidden
        self._cost = nodes

    def __call__(self, image: Image, metadata_set: frozenset[str]) -> bool:
        """Evaluate for one image.

        :param image: a master image
        :param metadata_set: the option of that name
        :return: whether the image is selected
        :raises ConditionError: it cannot be evaluated for this image, or takes more than 100,000 steps
        """
        frame = Frame(image, metadata_set, MAX_STEPS - self._cost, self._permits)
        try:
            return bool(self._evaluate(frame))
        except OutOfSteps as error:
            raise ConditionError(f"the evaluation takes more than {MAX_STEPS:,} steps") from error
        except KeyError as error:
            raise ConditionError(
                f"there is no {show(repr(error.args[0]))}; get() gives None instead"
            ) from error
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


def _parse(source: str) -> ast.Expression:
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
        raise ConfigError(
            f"{_column(source, text.rindex('#'))}: a comment would hide the rest, expected none inside"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python about odd literals, which are refused below anyway
            return ast.parse(text.strip() or "?", mode="eval")
    except SyntaxError as error:
        reason = error.msg or "invalid syntax"
        column = (error.offset or len(text.strip()) + 1) - 1
        raise ConfigError(f"{_column(source, column)}: expected a Python expression: {reason}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(
            f"the expression cannot be parsed: {type(error).__name__}; write it simpler"
        ) from error


def _one_line(source: str) -> str:
    return source.replace("\r", " ").replace("\n", " ").replace("\f", " ").lstrip()


def _has_comment(text: str) -> bool:
    try:
        return any(
            token.type == tokenize.COMMENT for token in tokenize.generate_tokens(io.StringIO(text).readline)
        )
    except (tokenize.TokenError, SyntaxError):
        return False  # the parser will say it better


def _column(source: str, column: int) -> str:
    column += len(source) - len(source.lstrip())
    rest = show(source[column:].strip(), 40)
    return f"column {column + 1}, at '{rest}'" if rest else f"column {column + 1}, at the end"


def _point_at(source: str, node: ast.AST, reason: str) -> str:
    # The parser counts columns in bytes of UTF-8.
    line = _one_line(source).encode()
    start = getattr(node, "col_offset", 0)
    end = getattr(node, "end_col_offset", None) or len(line)
    column = len(line[:start].decode(errors="replace")) + len(source) - len(source.lstrip())
    return f"column {column + 1}, at '{show(line[start:end].decode(errors='replace'), 40)}': {reason}"
