"""The programs and Debian packages that code names: calls with literal words, shell scripts, hints to install."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

CALLS = frozenset(
    ("Popen", "call", "check_call", "check_output", "create_subprocess_exec", "execv", "execvp", "posix_spawn",
     "posix_spawnp", "run", "Command", "Step")
)  # fmt: skip
"""Functions that take the words of a command in a list, ours among them; what we look at of their arguments."""

LOOKUPS = frozenset(("find", "holder", "program", "which"))
"""Functions that take the name of a program."""

SHELLS = frozenset(("bash", "sh", "zsh"))
SYSTEM_FOLDERS = re.compile(r"/(?:usr|bin|sbin|lib\d*|opt|snap)/[^\s:]+")
INSTALL = re.compile(r"\bapt(?:-get)? install((?: +[\w.+-]+)+)")
NEEDS = re.compile(r"needs the program ([\w.+-]+)")

OF_THE_SHELL = frozenset(
    (
        "!", ".", ":", "[", "[[", "alias", "break", "case", "cd", "continue", "declare", "do", "done", "echo", "elif",
        "else", "esac", "eval", "exec", "exit", "export", "false", "fi", "for", "function", "if", "in", "kill", "let",
        "local", "printf", "pwd", "read", "readonly", "return", "select", "set", "shift", "source", "test", "then",
        "time", "trap", "true", "type", "ulimit", "umask", "unset", "until", "wait", "while", "{", "}",
    )
)  # fmt: skip
"""Keywords and builtin commands."""

ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=.*", re.DOTALL)
FUNCTION = re.compile(r"^([A-Za-z_][\w-]*) *\(\)", re.MULTILINE)
PLAIN = re.compile(r"[A-Za-z][\w.+-]*")
TAKES_COMMAND = frozenset(("do", "elif", "else", "if", "then", "until", "while", "!", "{", "exec", "time"))

Assigned = Mapping[str, Sequence[ast.expr]]
"""What is assigned to names."""


@dataclass(frozen=True)
class Named:
    """What a file names.

    :param programs: names of programs, without folders
    :param packages: names of Debian packages
    :param paths: files of the system's
    """

    programs: frozenset[str]
    packages: frozenset[str]
    paths: frozenset[str]


def named_in_python(source: str) -> Named:
    """What Python code names in literal words."""
    nodes = list(ast.walk(ast.parse(source)))
    known = _assigned(nodes)
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    programs = frozenset(name for call in calls for name in _of_call(call, known))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    needed = frozenset(name for text in texts for name in NEEDS.findall(text))
    installed = (word for text in texts for words in INSTALL.findall(text) for word in words.split())
    packages = frozenset(word for word in installed if not word.startswith("-"))
    paths = frozenset(text for text in texts if SYSTEM_FOLDERS.fullmatch(text))
    return Named(programs | needed, packages, paths)


def named_in_shell(text: str) -> frozenset[str]:
    """The programs that a shell script calls by their names."""
    own = frozenset(FUNCTION.findall(text))
    return frozenset(name for name in _commands(text) if name not in own | OF_THE_SHELL)


def _of_call(call: ast.Call, known: Assigned) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in LOOKUPS and call.args:
        yield from (word for word in _texts(call.args[:1]) if PLAIN.fullmatch(word))
    if name in CALLS:
        for argument in call.args:
            for words in _lists(argument, known):
                yield from _of_words(words)


def _of_words(words: Sequence[ast.expr]) -> Iterator[str]:
    """The program of a command, and those of the script that a shell is given."""
    literal = [_text(word) for word in words]
    program = literal[0] if literal else None
    if program is None or not PLAIN.fullmatch(program):
        return
    yield program
    if program in SHELLS and len(literal) > 2 and literal[1] == "-c" and literal[2] is not None:
        yield from named_in_shell(literal[2])


def _assigned(nodes: Iterable[ast.AST]) -> Assigned:
    """What is assigned to the names of a module, wherever it is."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def _lists(node: ast.expr, known: Assigned) -> Iterator[Sequence[ast.expr]]:
    """The lists of words that an argument may stand for: one in place, or those assigned to a name."""
    match node:
        case ast.List(elts=[ast.Starred(value=first), *_]) | ast.Tuple(elts=[ast.Starred(value=first), *_]):
            yield from _lists(first, known)
        case ast.List(elts=words) | ast.Tuple(elts=words):
            yield words
        case ast.BinOp(left=left):
            yield from _lists(left, known)
        case ast.Name(id=name):
            others = {other: values for other, values in known.items() if other != name}  # it may be made from itself
            for value in known.get(name, ()):
                yield from _lists(value, others)


def _texts(nodes: Sequence[ast.expr]) -> Iterator[str]:
    return (text for node in nodes if (text := _text(node)) is not None)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _commands(text: str) -> Iterator[str]:
    """The words in the places of commands, those within ``$(…)`` included."""
    for inner in re.findall(r"\$\(([^()]*)\)", text):
        yield from _commands(inner)
    outer = re.sub(r"\$\([^()]*\)", "$SUBSTITUTED", text).replace("\\\n", " ")
    lexer = shlex.shlex(outer, posix=True, punctuation_chars=";&|()\n")
    lexer.whitespace = " \t\r"
    lexer.wordchars += "$%@:,+[]{}!^"
    begins = True
    for token in lexer:
        if token and set(token) <= set(";&|()\n"):
            begins = True
        elif begins and not ASSIGNMENT.fullmatch(token):
            begins = token in TAKES_COMMAND
            if PLAIN.fullmatch(token):
                yield token
