"""The YAML of a schedule file as keys and values with their positions; every scalar is text (snapshots 2.1).

The events of the parser are read, because the tree that the library makes of them has no anchors any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from ...base.text import show

MOST_BYTES = 2**20
"""Bytes of the largest schedule file."""

DEEPEST = 20
"""Levels of nested lists after which the rest of a file is not read: libyaml takes minutes for half a million."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where it is there: it is ten times as fast."""

QUOTES = ("'", '"')
SHAPE = "expected SPEC: [SERVER, ...], SERVER: SPEC or SERVER: [SPEC, ...]"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a schedule file, counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A mistake or a warning.

    :param text: one line
    """

    position: Position
    text: str


@dataclass(frozen=True, slots=True)
class Scalar:
    """A key, a value, or an item of a list.

    :param text: what it means, without quotes
    :param position: where it begins; of a text in quotes that of its first character
    :param is_exact: whether each character of the text is one of the line, so that positions within it can be computed
    :param is_quoted: whether it stands in quotes
    """

    text: str
    position: Position
    is_exact: bool
    is_quoted: bool

    def at(self, offset: int) -> Position:
        """The position of a character.

        :param offset: in the text
        """
        return Position(self.position.line, self.position.column + offset) if self.is_exact else self.position


@dataclass(frozen=True, slots=True)
class Pair:
    """A key with its values.

    :param values: one, or the items of a list
    :param is_list: whether they are a list
    :param is_flow: whether the list is written in square brackets
    """

    key: Scalar
    values: Sequence[Scalar]
    is_list: bool = False
    is_flow: bool = False


@dataclass(slots=True)
class Nodes:
    """What was found in a file.

    :param pairs: those that have the expected form
    :param mistakes: where the file has another form, in no order
    """

    pairs: list[Pair] = field(default_factory=list)
    mistakes: list[Finding] = field(default_factory=list)


def read_nodes(content: bytes) -> Nodes:
    """Read the structure of a schedule file.

    :param content: of the whole file
    """
    if len(content) > MOST_BYTES:
        text = f"the file has more than {MOST_BYTES} bytes (1 MiB)"
        return Nodes(mistakes=[Finding(Position(1, 1), text)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        position = _position_in(content[: error.start].decode("utf-8", "replace"))
        return Nodes(mistakes=[Finding(position, f"byte 0x{content[error.start]:02x} is not UTF-8")])
    builder = _Builder(text)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            builder.take(event)
            if builder.skipped_depth > DEEPEST:
                break
    except yaml.MarkedYAMLError as error:
        builder.refuse(_place(error.problem_mark or error.context_mark), _yaml_problem(error))
    except yaml.reader.ReaderError as error:
        code = error.character if isinstance(error.character, int) else ord(error.character)
        builder.refuse(_position_of_code(text, code, error.position), f"the character U+{code:04X} is not allowed")
    return builder.finished()


@dataclass(slots=True)
class _Builder:
    """Takes the events of a file one after the other."""

    text: str
    nodes: Nodes = field(default_factory=Nodes)
    documents: int = 0
    is_value_next: bool = False
    key: Scalar | None = None
    items: list[Scalar] | None = None
    is_flow: bool = False
    skipped_depth: int = 0
    is_mapping: bool = False

    def refuse(self, position: Position, text: str) -> None:
        """Note a mistake."""
        self.nodes.mistakes.append(Finding(position, text))

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents == 2:
                self.refuse(_place(event.start_mark), "a second document; the file has one mapping only")
            return
        if isinstance(event, yaml.NodeEvent) and self.documents == 1:
            self._check_marks(event)
        if self.documents > 1 or not isinstance(event, (yaml.NodeEvent, yaml.CollectionEndEvent)):
            return
        if self.skipped_depth:
            self._skip(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        else:
            self._scalar(event)

    def finished(self) -> Nodes:
        """What was found, after the last event."""
        if not self.is_mapping and not self.nodes.mistakes:
            self.refuse(Position(1, 1), "the file is empty; write {} when it is to name no server")
        return self.nodes

    def _check_marks(self, event: yaml.NodeEvent) -> None:
        place = _place(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            text = f"the alias *{show(event.anchor or '')}; write a pattern that begins with * in quotes"
            self.refuse(place, text)
        elif event.anchor is not None:
            self.refuse(place, f"the anchor &{show(event.anchor)}; write a name that begins with & in quotes")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.refuse(place, f"the tag {show(tag)}; write a name that begins with ! in quotes")

    def _skip(self, event: yaml.Event) -> None:
        """Pass over what is nested too deeply; the mistake was noted at its beginning."""
        if isinstance(event, yaml.CollectionStartEvent):
            self.skipped_depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            self.skipped_depth -= 1

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        if not self.is_mapping:
            if isinstance(event, yaml.MappingStartEvent):
                self.is_mapping = True
                return
            self.is_mapping = True
            self.refuse(_place(event.start_mark), f"a list instead of a mapping; {SHAPE}")
            self.skipped_depth = 1
        elif self.is_value_next and self.items is None and isinstance(event, yaml.SequenceStartEvent):
            self.items = []
            self.is_flow = bool(event.flow_style)
        else:
            kind = "list" if isinstance(event, yaml.SequenceStartEvent) else "mapping"
            self.refuse(_place(event.start_mark), f"a {kind} within; {SHAPE}")
            self.skipped_depth = 1
            self._value(None)

    def _end(self) -> None:
        if self.items is not None:
            self._add_pair(self.items, is_list=True)
            self.items = None

    def _scalar(self, event: yaml.NodeEvent) -> None:
        if not self.is_mapping:
            self.is_mapping = True
            self.refuse(_place(event.start_mark), f"a text instead of a mapping; {SHAPE}")
            return
        self._value(self._as_scalar(event))

    def _value(self, found: Scalar | None) -> None:
        """Take a key, a value or an item; None stands for one that was refused, and a pair without its key is none."""
        if self.items is not None:
            if found is not None:
                self.items.append(found)
        elif self.is_value_next:
            self._add_pair([] if found is None else [found], is_list=False)
        else:
            self.key = found
            self.is_value_next = True

    def _add_pair(self, values: Sequence[Scalar], *, is_list: bool) -> None:
        if self.key is not None and (values or is_list):
            self.nodes.pairs.append(Pair(self.key, values, is_list, is_list and self.is_flow))
        self.is_value_next = False

    def _as_scalar(self, event: yaml.NodeEvent) -> Scalar | None:
        if not isinstance(event, yaml.ScalarEvent):
            return None
        place = _place(event.start_mark)
        begin, end = (0 if mark is None else mark.index for mark in (event.start_mark, event.end_mark))
        raw = self.text[begin:end]
        offset = raw.find(event.value) if event.value else -1
        is_exact = offset >= 0 and "\n" not in raw
        column = place.column + (offset if is_exact else 0)
        return Scalar(event.value, Position(place.line, column), is_exact, event.style in QUOTES)


def _place(mark: Any) -> Position:
    return Position(1, 1) if mark is None else Position(mark.line + 1, mark.column + 1)


def _yaml_problem(error: yaml.MarkedYAMLError) -> str:
    """The words of the library, with what helps where a sign needs quotes."""
    problem = f"no valid YAML: {error.problem or error.context}"
    context = error.context or ""
    if "cannot start any token" in problem:
        problem += "; write a text that begins with this sign in quotes"
    elif "alias" in context or "anchor" in context:
        problem += f"; write a pattern that begins with {'*' if 'alias' in context else '&'} in quotes"
    return problem


def _position_in(text: str) -> Position:
    """The position after a text."""
    before, _, line = text.rpartition("\n")
    return Position(before.count("\n") + 2 if "\n" in text else 1, len(line) + 1)


def _position_of_code(text: str, code: int, position: int) -> Position:
    """Where a character is that the reader refused; libyaml counts bytes, the library in Python characters."""
    found = text.find(chr(code))
    return _position_in(text[: found if found >= 0 else position])
