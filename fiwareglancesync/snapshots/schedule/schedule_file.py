"""The schedule file: which servers it names, with which specs; every mistake is found at once (snapshots 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...base.text import show
from .schedule_nodes import Finding, Pair, Position, Scalar, read_nodes
from .server_list import UUID
from .snapshot_spec import Spec
from .spec_reader import EXAMPLE, is_count_alone, is_meant_as_spec, read_spec


@dataclass(frozen=True, slots=True)
class PlacedSpec:
    """A spec of a server.

    :param position: where the file gives the server this spec: at the spec, or at the server in the list of the spec
    """

    spec: Spec
    position: Position


@dataclass(slots=True)
class ServerEntry:
    """What the file says of one server, or of those with a name or a pattern.

    :param server: a UUID in lower case, ``project/name``, a name or a pattern
    :param position: where the file names it first
    """

    server: str
    position: Position
    specs: list[PlacedSpec] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule file that was read.

    :param entries: by server, in the order of the file
    :param mistakes: in the order of the file; with one of them the file is not used
    :param warnings: what is odd, in the order of the file
    """

    entries: Mapping[str, ServerEntry]
    mistakes: Sequence[Finding] = ()
    warnings: Sequence[Finding] = ()


def read_schedule(content: bytes) -> Schedule:
    """Read a schedule file.

    :param content: of the whole file
    """
    nodes = read_nodes(content)
    reader = _Reader()
    for pair in nodes.pairs:
        reader.read(pair)
    for entry in reader.entries.values():
        reader.check(entry)
    mistakes = sorted([*nodes.mistakes, *reader.mistakes])
    return Schedule({} if mistakes else reader.entries, mistakes, sorted(reader.warnings))


@dataclass(slots=True)
class _Reader:
    """Takes the pairs of a file one after the other."""

    entries: dict[str, ServerEntry] = field(default_factory=dict)
    mistakes: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    keys: dict[str, Position] = field(default_factory=dict)
    is_repeated: bool = False

    def read(self, pair: Pair) -> None:
        """Take the next pair."""
        key = as_server(pair.key.text.strip())
        self._check_key(pair.key, key)
        if is_meant_as_spec(key):
            self._read_servers(pair, self._spec(pair.key))
        elif not key:
            self.mistakes.append(Finding(pair.key.position, "the server's name is empty"))
        else:
            self._read_specs(pair, key)

    def check(self, entry: ServerEntry) -> None:
        """Find specs of one server that contradict each other, and what is odd about them."""
        first: dict[str, PlacedSpec] = {}
        for placed in sorted(entry.specs, key=lambda each: each.position):
            name = placed.spec.set_name
            if name in first:
                text = (
                    f"{show(entry.server)} has two {name} specs, {placed.spec} and {first[name].spec} at "
                    f"{first[name].position}; write one"
                )
                self.mistakes.append(Finding(placed.position, text))
            first.setdefault(name, placed)
            if placed.spec.count == 0:
                text = f"{show(entry.server)}: the count is 0, so no {name} copies are created, and none are removed"
                self.warnings.append(Finding(placed.position, text))

    def _check_key(self, key: Scalar, text: str) -> None:
        self.is_repeated = bool(text) and text in self.keys
        if self.is_repeated:
            problem = f"the key {show(text)} is there twice, also at {self.keys[text]}"
            self.mistakes.append(Finding(key.position, problem))
        self.keys.setdefault(text, key.position)

    def _read_servers(self, pair: Pair, spec: Spec | None) -> None:
        """A spec and its servers."""
        if not pair.values:
            self.warnings.append(Finding(pair.key.position, f"no server has the spec {show(pair.key.text)}"))
        for value in pair.values:
            server = as_server(value.text.strip())
            if not server:
                self.mistakes.append(Finding(value.position, "the server's name is empty"))
            elif spec is not None:
                self._add(server, value.position, PlacedSpec(spec, value.position))

    def _read_specs(self, pair: Pair, server: str) -> None:
        """A server and its specs."""
        if not pair.values:
            text = f"{show(server)} has no spec; write 0 for a server without snapshots"
            self.mistakes.append(Finding(pair.key.position, text))
        for value in pair.values:
            if pair.is_flow and len(pair.values) > 1 and is_count_alone(value.text) and not value.is_quoted:
                text = (
                    f"the item {show(value.text)} has digits only; if it belongs to the item before, write that spec "
                    f'in quotes, as in ["{EXAMPLE}"], because a comma ends an item of a list'
                )
                self.mistakes.append(Finding(value.position, text))
                continue
            spec = self._spec(value)
            if spec is not None:
                self._add(server, pair.key.position, PlacedSpec(spec, value.position))

    def _add(self, server: str, position: Position, placed: PlacedSpec) -> None:
        if not self.is_repeated:  # the mistake in the key is enough
            self.entries.setdefault(server, ServerEntry(server, position)).specs.append(placed)

    def _spec(self, scalar: Scalar) -> Spec | None:
        found = read_spec(scalar.text)
        for mistake in found.mistakes:
            self.mistakes.append(Finding(scalar.at(mistake.offset), mistake.text))
        return found.spec


def as_server(text: str) -> str:
    """A server as the file names it, as all compare it: UUIDs in lower case.

    :param text: without blanks around it
    """
    return text.lower() if UUID.fullmatch(text) else text
