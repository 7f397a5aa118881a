"""Parses the text of a configuration file into sections and entries, each with its file and line.

The standard library's parser is not used: it keeps no line numbers, stops at the first mistake, and does not support
a backslash at the end of a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..base.text import show

COMMAND_LINE = "--config"
"""The origin of what stands on the command line."""

_HEADER = re.compile(r"\[(.*)\]\s*(?:[#;].*)?")
_DELIMITER = re.compile(r"[=:]")


@dataclass
class IniEntry:
    """The value of a key as it is written; its ``repr`` shows no value, because it may be a password.

    :param origin: ``FILE:LINE``, or ``COMMAND_LINE``
    :param replaced: the entry of the file, if the command line has replaced it
    """

    value: str = field(repr=False)
    origin: str
    replaced: IniEntry | None = field(default=None, repr=False)

    @property
    def is_override(self) -> bool:
        """Whether it stands on the command line."""
        return self.origin == COMMAND_LINE


@dataclass
class Section:
    """The entries of a section, by key in lower case."""

    name: str
    origin: str
    entries: dict[str, IniEntry] = field(default_factory=dict)


@dataclass
class Document:
    """The sections of a file in their order, and the mistakes in its form.

    :param problems: error messages; they contain no value of a key
    """

    sections: dict[str, Section] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def decode(data: bytes, name: str) -> tuple[str, list[str]]:
    """Decode the bytes of a file.

    :param data: the whole file; a byte order mark is left out
    :param name: what errors call the file
    :return: the text and the problems; the text is "" when there is one
    """
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        return "", [f"{name}:{line}: found the byte 0x00, expected UTF-8 text; remove it"]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"found the byte 0x{data[error.start]:02x}, expected UTF-8 text"
        return "", [f"{name}:{line}: {found}; save the file as UTF-8"]


def parse(text: str, name: str) -> Document:
    """Parse a configuration (sync 2).

    Keys are case-insensitive, sections are not. The next line continues a value
    when it is indented more than the key, or when the line before ends in a backslash; the parts are joined by a
    space. A comment is a line of its own.

    :param text: the file's text
    :param name: what origins and errors call the file
    :return: the sections; problems are collected, never raised
    """
    reader = _Reader(name)
    for number, line in enumerate(text.split("\n"), start=1):
        reader.feed(number, line.rstrip())
    return reader.document


class _Reader:
    """The state between two lines: the section, the value that may be continued, and whether a backslash ended it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.document = Document()
        self.section: Section | None = None
        self.entry: IniEntry | None = None
        self.indent = 0
        self.after_blank = False
        self.backslash = False

    def feed(self, number: int, line: str) -> None:
        origin = f"{self.name}:{number}"
        content = line.strip()
        if self.backslash and content:
            self._continue(content)
            return
        self.backslash = False
        if not content:
            self.after_blank = True
            return
        if content[0] in "#;":
            return
        deeper = len(line) - len(line.lstrip()) > self.indent
        if self.entry is not None and deeper:
            if self.after_blank:
                self._problem(
                    origin, "an indented line goes on with a value only right below it; remove the blank line"
                )
            else:
                self._continue(content)
            return
        self.after_blank = False
        if content[0] == "[":
            self._header(origin, content)
        else:
            self._key(origin, content, len(line) - len(line.lstrip()))

    def _continue(self, content: str) -> None:
        self.backslash = content.endswith("\\")
        piece = content.removesuffix("\\").strip()
        if self.entry is not None:
            self.entry.value = f"{self.entry.value} {piece}".strip()

    def _header(self, origin: str, content: str) -> None:
        # An indented line has nothing to continue until the next key.
        self.entry, self.indent = None, 0
        match = _HEADER.fullmatch(content)
        name = match[1].strip() if match else ""
        if not name:
            self._problem(origin, "found a line that starts with [, expected a section such as [main]")
            self.section = Section("", origin)  # its keys are parsed, and dropped with it
            return
        earlier = self.document.sections.get(name)
        if earlier is not None:
            first = earlier.origin.rpartition(":")[2]
            self._problem(origin, f"[{show(name)}] is given twice, first in line {first}; join the two")
            self.section = earlier
            return
        self.section = Section(name, origin)
        self.document.sections[name] = self.section

    def _key(self, origin: str, content: str, indent: int) -> None:
        delimiter = _DELIMITER.search(content)
        key = content[: delimiter.start()].strip().lower() if delimiter else ""
        # A wrong line may be continued too; the next line must not become a second error.
        self.entry, self.indent = IniEntry("", origin), indent
        value = content[delimiter.end() :].strip() if delimiter else content
        self.backslash = value.endswith("\\")
        self.entry.value = value.removesuffix("\\").rstrip()
        if not key:
            # The line is not shown: it may be a part of a password.
            self._problem(origin, "expected key = value, a [section], or a comment that starts with # or ;")
        elif self.section is None:
            self._problem(
                origin, f"{show(key)} stands before the first section; expected [main] or another above it"
            )
        elif key in self.section.entries:
            first = self.section.entries[key].origin.rpartition(":")[2]
            self._problem(
                origin,
                f"[{show(self.section.name)}] {show(key)} is given twice, first in line {first}; keep one",
            )
        else:
            self.section.entries[key] = self.entry

    def _problem(self, origin: str, text: str) -> None:
        self.document.problems.append(f"{origin}: {text}")
