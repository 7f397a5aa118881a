"""Reads a file of ``export NAME=value`` lines, as OpenStack's dashboards offer it. It is parsed, and never carried out.

A value is a word, or in single or double quotes as for a shell. No message has a value: passwords are among them.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import ConfigError

MOST_BYTES = 64 * 1024

_LINE = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_SINGLE = r"'([^']*)'"
_DOUBLE = r'"((?:[^"\\$`]|\\["\\$`])*)"'
_BARE = r"((?:[^\s'\"\\$`;&|<>()#]|(?<=\S)#)*)"
_VALUE = re.compile(rf"(?:{_SINGLE}|{_DOUBLE}|{_BARE})(?:[ \t]+#.*|[ \t]*)")
_ESCAPED = re.compile(r'\\(["\\$`])')


@dataclass(frozen=True)
class EnvironmentFile:
    """What a file sets.

    :param values: by name
    :param warnings: what is odd, a line each
    """

    values: Mapping[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()


def read_environment_file(path: str, prefix: str) -> EnvironmentFile:
    """Read a file.

    :param prefix: how every name begins, such as ``OS_``
    :raises ConfigError: it cannot be read, or has mistakes, a line for each
    """
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"--os-conf: {path} cannot be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise ConfigError(f"--os-conf: {path} has more than {MOST_BYTES} bytes")
    values, mistakes = parse_environment(content, prefix)
    if mistakes:
        raise ConfigError([f"{path}:{number}: {text}" for number, text in mistakes])
    warnings = []
    if stat.S_IMODE(mode) & 0o077:
        warnings.append(f"{path}: other users may read the password in it; change that with: chmod 600 {path}")
    return EnvironmentFile(values, tuple(warnings))


def parse_environment(content: bytes, prefix: str) -> tuple[Mapping[str, str], list[tuple[int, str]]]:
    """Read the content of a file; the values, and the mistakes by the numbers of their lines.

    :param prefix: how every name begins
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return {}, [(content[:_bad_byte(content)].count(b"\n") + 1, "expected UTF-8")]
    values: dict[str, str] = {}
    mistakes = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            mistakes.append((number, f"expected export {prefix}NAME=VALUE; no other command is carried out"))
            continue
        name, written = found.groups()
        value = _value(written)
        if not name.startswith(prefix):
            mistakes.append((number, f"{name}: expected a name that begins with {prefix}"))
        elif value is None:
            rule = "write the value itself, in single quotes if it has blanks or special characters"
            mistakes.append((number, f"{name}: nothing is replaced or carried out in a value; {rule}"))
        else:
            values[name] = value
    return values, mistakes


def _value(written: str) -> str | None:
    found = _VALUE.fullmatch(written)
    if found is None:
        return None
    single, double, bare = found.groups()
    if double is not None:
        return _ESCAPED.sub(r"\1", double)
    return bare if single is None else single


def _bad_byte(content: bytes) -> int:
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return error.start
    return len(content)
