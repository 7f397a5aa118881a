"""Reads YAML and JSON into trees that say where each value is given (vault 5.1).

The parser's events are taken one by one, so that neither deep nesting nor aliases that multiply can exhaust the
program, and no tag makes an object.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.resolver import Resolver

from .template_images import TemplatePosition
from .template_nodes import Fields, Items, Node, Scalar

MAX_DEPTH = 60
"""Levels of nesting; templates of people have ten."""

MAX_VALUES = 100_000
"""Values of a document; one that aliases repeat counts each time."""

MAX_NUMBER = 400
"""Characters of a number. Python refuses to print much larger ones, and takes hours to read those with base 60."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TEXT_TAGS = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"})
"""What Heat keeps as text; a version such as 2013-05-23 is none of the dates."""

SCALAR_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null"))
MERGE_TAG = "tag:yaml.org,2002:merge"
COLLECTION_TAGS = frozenset({None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


class DocumentError(Exception):
    """A file cannot be read as one document of safe YAML; the text is a sentence part without the file's name.

    :param line: where, counted from 1; 0 for the file as a whole
    """

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document.

    :param root: its value
    :param problem: why Heat or this program refuses it, although its values are known; None for nothing
    """

    root: Node
    problem: DocumentError | None


class _Scalars(SafeConstructor, Resolver):
    """Makes values of scalars, as the safe loader does."""

    def __init__(self) -> None:
        SafeConstructor.__init__(self)
        Resolver.__init__(self)

    def tag_of(self, event: yaml.ScalarEvent) -> str:
        """The tag that a scalar has or that its text implies."""
        if event.tag is not None and event.tag != "!":
            return str(event.tag)
        return str(self.resolve(yaml.ScalarNode, event.value, event.implicit))  # type: ignore[no-untyped-call]


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been read.

    :param anchor: its name for aliases, None for none
    :param key: of the next value of a mapping; None where a key comes next
    :param merged: mappings that ``<<`` adds
    :param size: values below it
    """

    position: TemplatePosition
    anchor: str | None
    is_mapping: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    key: str | None = None
    merges: bool = False
    merged: list[Fields] = field(default_factory=list)
    size: int = 1


def parse_document(text: str, file: str) -> ParsedDocument | None:
    """Read a document.

    :param text: YAML or JSON
    :param file: its path, for the positions
    :return: None for a file without a value
    :raises DocumentError: it cannot be read
    """
    if text.lstrip()[:1] == "{":
        text = text.replace("\t", " ")  # JSON may be indented by them, and has none in its texts
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DocumentError(mark.line + 1 if mark else 0, f"it is no valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise DocumentError(0, f"it is no valid YAML: {' '.join(str(error).split())}") from error
    if builder.root is None:
        return None
    return ParsedDocument(builder.root, builder.problem)


class _Builder:
    """Makes the tree from the parser's events.

    :param file: for the positions
    """

    def __init__(self, file: str) -> None:
        self.root: Node | None = None
        self.problem: DocumentError | None = None
        self._file = file
        self._scalars = _Scalars()
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._opened: set[str] = set()
        self._documents = 0

    def take(self, event: Any) -> None:
        """Take the next event.

        :raises DocumentError: the document is too deep, too large, or endless
        """
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._refuse(event, "it has several documents, and Heat reads files of one")
        elif self._documents > 1:
            return
        elif isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._begin(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._take_alias(event)

    def _position(self, event: Any) -> TemplatePosition:
        return TemplatePosition(self._file, event.start_mark.line + 1)

    def _refuse(self, event: Any, text: str) -> None:
        self.problem = self.problem or DocumentError(event.start_mark.line + 1, text)

    def _take_scalar(self, event: Any) -> None:
        tag = self._scalars.tag_of(event)
        position = self._position(event)
        value: Any = event.value
        if tag == MERGE_TAG and self._awaits_key():
            self._open[-1].merges, self._open[-1].key = True, "<<"
            return
        if tag in SCALAR_TAGS and not self._awaits_key():
            value = self._typed(event, tag)
        elif tag not in TEXT_TAGS and tag not in SCALAR_TAGS:
            self._refuse(event, f"the tag {tag.replace('tag:yaml.org,2002:', '!!')} is no part of safe templates")
        self._add(event, Scalar(position, value), 1)

    def _typed(self, event: Any, tag: str) -> Any:
        if len(event.value) > MAX_NUMBER:
            self._refuse(event, f"{event.value[:40]!r}… is a number of more than {MAX_NUMBER} characters")
            return event.value
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            return self._scalars.construct_object(node)
        except (ConstructorError, ValueError, KeyError, IndexError, OverflowError):
            self._refuse(event, f"{event.value[:40]!r} is no {tag.rpartition(':')[2]}")
            return event.value

    def _begin(self, event: Any) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise DocumentError(event.start_mark.line + 1, f"it is nested deeper than {MAX_DEPTH} levels")
        if event.tag not in COLLECTION_TAGS:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            self._refuse(event, f"the tag {tag} is no part of safe templates")
        if event.anchor is not None:
            self._opened.add(event.anchor)
            self._anchors.pop(event.anchor, None)
        self._open.append(_Open(self._position(event), event.anchor, isinstance(event, yaml.MappingStartEvent)))

    def _end(self) -> None:
        done = self._open.pop()
        node: Node
        if done.is_mapping:
            node = Fields(done.position, self._merged(done) | done.entries)
        else:
            node = Items(done.position, tuple(done.items))
        if done.anchor is not None:
            self._opened.discard(done.anchor)
            self._anchors[done.anchor] = (node, done.size)
        self._place(node, done.size, done.position.line)

    def _merged(self, done: _Open) -> dict[str, Node]:
        """The entries that ``<<`` adds to a mapping."""
        entries: dict[str, Node] = {}
        for key, node in (pair for each in done.merged for pair in each.entries.items()):
            if key not in done.entries and entries.setdefault(key, node) != node:
                text = f"<< adds two values of {key[:80]}, and which of them counts depends on the version of PyYAML"
                self.problem = self.problem or DocumentError(done.position.line, text)
        return entries

    def _take_alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            endless = event.anchor in self._opened
            text = f"the alias *{event.anchor} {'is part of its own value' if endless else 'has no anchor'}"
            raise DocumentError(event.start_mark.line + 1, text)
        self._add(event, *known)

    def _add(self, event: Any, node: Node, size: int) -> None:
        if getattr(event, "anchor", None) is not None and not isinstance(event, yaml.AliasEvent):
            self._anchors[event.anchor] = (node, size)
        self._place(node, size, event.start_mark.line + 1)

    def _awaits_key(self) -> bool:
        return bool(self._open) and self._open[-1].is_mapping and self._open[-1].key is None

    def _place(self, node: Node, size: int, line: int) -> None:
        """Put a value where it belongs.

        :param size: number of values that it has
        :raises DocumentError: the document is too large
        """
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += size
        if parent.size > MAX_VALUES:
            raise DocumentError(line, f"it has more than {MAX_VALUES} values, those that aliases repeat included")
        if not parent.is_mapping:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = self._key(node, line)
        else:
            self._set(parent, node, line)

    def _key(self, node: Node, line: int) -> str:
        if isinstance(node, Scalar):
            return str(node.value)
        self.problem = self.problem or DocumentError(line, "a key is a list or a mapping")
        return f"key in line {line}"

    def _set(self, parent: _Open, node: Node, line: int) -> None:
        key, parent.key = str(parent.key), None
        if parent.merges:
            parent.merges = False
            found = list(_mappings(node))
            if not found:
                self.problem = self.problem or DocumentError(line, "<< needs a mapping, or a list of mappings")
            parent.merged += found
            return
        if key in parent.entries:
            self.problem = self.problem or DocumentError(line, f"{key[:80]} is given twice")
        parent.entries[key] = node


def _mappings(node: Node) -> Iterator[Fields]:
    """The mappings that a merge adds."""
    if isinstance(node, Fields):
        yield node
    elif isinstance(node, Items):
        yield from (item for item in node.items if isinstance(item, Fields))
