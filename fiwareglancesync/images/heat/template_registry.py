"""Which resource a type stands for, by the ``resource_registry`` of an environment (vault 5.1). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TypeAlias

from .image_uses import is_type_of_heat
from .template_documents import Environment, is_template_name
from .template_images import TemplatePosition
from .template_nodes import Fields, Scalar

NO_TYPES = frozenset({"hooks", "restricted_actions", "base_url"})
"""Keys of a registry that name no type of a resource."""

RESOURCES = "resources"
MAX_ALIASES = 20
"""Types that are tried for one resource; a pattern can lead to ever longer ones."""


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """What a registry says of a type.

    :param path: the keys that lead to it; the last one is the type, or a pattern of types
    :param value: another type, or a template
    :param position: where it is
    :param base: what a relative name of a template is relative to; empty for the folder of the environment
    """

    path: tuple[str, ...]
    value: str
    position: TemplatePosition
    base: str = ""

    @property
    def is_template(self) -> bool:
        return is_template_name(self.path[-1]) or is_template_name(self.value)

    @property
    def template(self) -> str:
        """The template that it names."""
        return self.path[-1] if is_template_name(self.path[-1]) else self.value

    def matches(self, kind: str) -> bool:
        """Whether it is a pattern for a type."""
        pattern = self.path[-1]
        if self.is_template or not pattern.endswith("*") or kind == self.value:
            return False
        return kind.startswith(pattern[:-1])

    def type_for(self, kind: str) -> str:
        """The type that it gives in the place of one that it matches."""
        pattern = self.path[-1]
        is_pattern = pattern.endswith("*") and self.value.endswith("*")
        return self.value[:-1] + kind[len(pattern) - 1 :] if is_pattern else self.value


Level: TypeAlias = "Mapping[str, RegistryEntry | Level]"
"""Entries for the resources of a name, and below the names of nested stacks further ones."""


@dataclass(frozen=True, slots=True)
class ResourceRegistry:
    """The entries of an environment, as one stack sees them.

    :param entries: by type or pattern
    :param resources: the part ``resources``: entries for resources of certain names
    """

    entries: Mapping[str, RegistryEntry] = field(default_factory=dict)
    resources: Mapping[str, Level] = field(default_factory=dict)

    def find(self, kind: str, name: str, _seen: set[str] | None = None) -> RegistryEntry | str:
        """What a resource is: the entry that names its template, or its type in the end.

        An entry that leads to no type of Heat is passed over, as Heat does.

        :param kind: its type, as the template gives it
        :param name: of the resource
        """
        seen = set() if _seen is None else _seen
        if kind in seen or len(seen) > MAX_ALIASES:
            return kind
        seen.add(kind)
        unknown: list[str] = []
        for entry in sorted(self._candidates(kind, name), key=lambda entry: (-len(entry.path), entry.path)):
            if entry.is_template:
                return entry
            found = self.find(entry.type_for(kind), name, seen)
            if isinstance(found, RegistryEntry) or is_template_name(found) or is_type_of_heat(found):
                return found
            unknown.append(found)
        return kind if is_type_of_heat(kind) or not unknown else unknown[0]

    def _candidates(self, kind: str, name: str) -> Iterator[RegistryEntry]:
        named = self.resources.get(name, {}).get(kind)
        if isinstance(named, RegistryEntry):
            yield named
        if kind in self.entries:
            yield self.entries[kind]
        yield from (entry for entry in self.entries.values() if entry.matches(kind))

    def of_nested(self, name: str, used: RegistryEntry | None) -> ResourceRegistry:
        """The entries that a nested stack sees: without the one that led to it, and of ``resources`` what is for it.

        :param name: of the resource that the nested stack is
        :param used: the entry that named its template; None if there is none
        """
        entries = {key: entry for key, entry in self.entries.items() if entry != used}
        if not name:
            return ResourceRegistry(entries, self.resources)
        resources: dict[str, Level] = {}
        for pattern, level in sorted(self.resources.items(), key=lambda pair: pair[0] == name):
            if fnmatchcase(name, pattern):
                resources |= {key: below for key, below in level.items() if not isinstance(below, RegistryEntry)}
        return ResourceRegistry(entries, resources)


def named_templates(level: Level) -> Iterator[RegistryEntry]:
    """The entries that name templates, at any depth."""
    for entry in level.values():
        if not isinstance(entry, RegistryEntry):
            yield from named_templates(entry)
        elif entry.is_template:
            yield entry


def registry_of(environment: Environment) -> ResourceRegistry:
    """The registry of an environment."""
    base = _base(environment.registry, "")
    section = environment.registry.get(RESOURCES)
    resources = _level(section, (RESOURCES,), base) if isinstance(section, Fields) else {}
    entries = _level(environment.registry, (), base)
    return ResourceRegistry(
        {key: entry for key, entry in entries.items() if isinstance(entry, RegistryEntry)},
        {key: level for key, level in resources.items() if not isinstance(level, RegistryEntry)},
    )


def _level(fields: Fields, path: tuple[str, ...], base: str) -> Level:
    level: dict[str, RegistryEntry | Level] = {}
    for key, node in fields.entries.items():
        if key in NO_TYPES:
            continue
        if isinstance(node, Fields):
            level[key] = _level(node, (*path, key), _base(node, base))
        elif isinstance(node, Scalar) and isinstance(node.value, str) and node.value:
            level[key] = RegistryEntry((*path, key), node.value, node.position, base)
    return level


def _base(fields: Fields, above: str) -> str:
    node = fields.get("base_url")
    return str(node.value) if isinstance(node, Scalar) and node.value else above
