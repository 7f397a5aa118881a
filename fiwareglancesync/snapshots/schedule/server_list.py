"""The list of servers in a file: a line for each, with its volumes (snapshots 3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ...base.text import CONTROL, printable, show

SEPARATOR = "\t"
_ESCAPED = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(\\))")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_UNSAFE = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True, order=True)
class ListedServer:
    """A server with its volumes.

    :param project: name of its project
    :param volume_ids: attached volumes
    """

    id: str
    project: str
    name: str
    volume_ids: tuple[str, ...] = ()


def write_servers(servers: Iterable[ListedServer]) -> str:
    """The content of the file: a line for each server, sorted by id.

    :param servers: all that there are
    """
    return "".join(_line(server) for server in sorted(servers))


def read_servers(text: str) -> list[ListedServer]:
    """Read the content of the file.

    :param text: that ``write_servers`` wrote
    :raises ValueError: a line has another form, or the server of an earlier one; the text names it
    """
    found: list[ListedServer] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            continue
        server = _server(line, number)
        first = lines.setdefault(server.id, number)
        if first != number:
            raise ValueError(f"line {number} has the server of line {first} again, {server.id}; write one line for it")
        found.append(server)
    return found


def _line(server: ListedServer) -> str:
    fields = (server.id, server.project, server.name, ",".join(server.volume_ids))
    return SEPARATOR.join(map(_escape, fields)) + "\n"


def _server(line: str, number: int) -> ListedServer:
    fields = line.split(SEPARATOR)
    unsafe = CONTROL.search("".join(fields))
    if unsafe:
        rule = "lines end with a line feed alone, and others are escaped"
        raise ValueError(f"line {number} has the character {printable(unsafe[0])}; {rule}")
    if len(fields) != 4:
        raise ValueError(f"line {number} has {len(fields)} columns instead of UUID, project, name and volumes")
    id, project, name, volumes = (_ESCAPED.sub(_unescape, part) for part in fields)
    if not UUID.fullmatch(id):
        raise ValueError(f"line {number} begins with {show(id)}, which is no UUID")
    return ListedServer(id.lower(), project, name, tuple(filter(None, volumes.split(","))))


def _escape(text: str) -> str:
    return _UNSAFE.sub(lambda match: "\\\\" if match[0] == "\\" else _code(ord(match[0])), text)


def _code(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _unescape(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    return chr(int(digits, 16)) if digits else "\\"
