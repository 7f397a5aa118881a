"""Templates and environments, as the parts of them that concern images (vault 5.1). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .template_images import TemplatePosition
from .template_nodes import Fields, Items, Node, Scalar

VERSION_KEYS = ("heat_template_version", "HeatTemplateFormatVersion", "AWSTemplateFormatVersion")
HOT = "heat_template_version"

CERTAIN_SECTIONS = frozenset({"parameter_defaults", "resource_registry"})
"""Sections that only environments have: a file with one of them is meant as an environment."""

SECTIONS = CERTAIN_SECTIONS | {"parameters", "encrypted_param_names", "event_sinks", "parameter_merge_strategies"}
"""The sections that an environment may have; Heat refuses others."""


LINKING = frozenset({"type", "Type", "get_file"})
"""Keys whose value may be the name of a template."""


@dataclass(frozen=True, slots=True)
class DeclaredParameter:
    """A parameter that a template declares.

    :param kind: its type, in small letters
    :param default: None for none
    :param allowed: the values that it may have, if the template lists them
    :param is_image: whether Heat asks Glance for its value (the constraint ``glance.image``)
    """

    name: str
    position: TemplatePosition
    kind: str
    default: Node | None
    allowed: tuple[Node, ...]
    is_image: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A template.

    :param file: its path
    :param version: value of the key that says the version; empty if it is no text
    :param is_hot: whether it is a HOT template; else one in the form of CloudFormation
    :param parameters: by their names
    :param resources: by their names, as the file gives them
    :param conditions: by their names
    :param mappings: the section ``Mappings`` of CloudFormation
    """

    file: str
    version: str
    is_hot: bool
    parameters: Mapping[str, DeclaredParameter]
    resources: Fields
    conditions: Fields
    mappings: Fields


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment.

    :param file: its path
    :param parameters: values for the parameters of a root template
    :param defaults: values that replace the defaults of parameters in all templates
    :param registry: the section ``resource_registry``
    """

    file: str
    parameters: Fields
    defaults: Fields
    registry: Fields


@dataclass(frozen=True, slots=True)
class BrokenDocument:
    """A template or an environment that Heat cannot use, or a file that may be one and cannot be read.

    :param position: where the reason is
    :param reason: as a sentence part
    """

    file: str
    position: TemplatePosition
    reason: str


Document = Template | Environment | BrokenDocument


def document_of(root: Node, file: str) -> Document | None:
    """The template or environment that a file is; None for another file.

    :param root: the value of the file
    :param file: its path
    """
    if not isinstance(root, Fields):
        return None
    if any(key in root.entries for key in VERSION_KEYS):
        return _template(root, file)
    keys = frozenset(root.entries)
    if keys & CERTAIN_SECTIONS or (keys and keys <= SECTIONS):
        return _environment(root, file)
    return None


def _template(root: Fields, file: str) -> Template | BrokenDocument:
    version_key = next(key for key in VERSION_KEYS if key in root.entries)
    is_hot = version_key == HOT
    version = root.entries[version_key]
    names = ("parameters", "resources", "conditions", "mappings")
    sections = {}
    for name in root.entries:
        if name.lower() in names and name != (name.lower() if is_hot else name.capitalize()):
            reason = f"a template with {version_key} has no section {name}"
            return BrokenDocument(file, root.entries[name].position, reason)
    for name in names:
        section = root.get(name if is_hot else name.capitalize())
        if section is not None and not _is_empty(section) and not isinstance(section, Fields):
            key = name if is_hot else name.capitalize()
            return BrokenDocument(file, section.position, f"the section {key} is no mapping")
        sections[name] = section if isinstance(section, Fields) else Fields(root.position, {})
    return Template(
        file,
        str(version.value) if isinstance(version, Scalar) else "",
        is_hot,
        {name: _parameter(name, node, is_hot) for name, node in sections["parameters"].entries.items()},
        sections["resources"],
        sections["conditions"],
        sections["mappings"],
    )


def _parameter(name: str, node: Node, is_hot: bool) -> DeclaredParameter:
    fields = node if isinstance(node, Fields) else Fields(node.position, {})
    kind = fields.get("type" if is_hot else "Type")
    default = fields.get("default" if is_hot else "Default")
    allowed: list[Node] = []
    is_image = False
    if is_hot:
        for constraint in _items(fields.get("constraints")):
            if isinstance(constraint, Fields):
                allowed += _items(constraint.get("allowed_values"))
                custom = constraint.get("custom_constraint")
                is_image = is_image or (isinstance(custom, Scalar) and custom.value == "glance.image")
    else:
        allowed += _items(fields.get("AllowedValues"))
    text = str(kind.value).lower() if isinstance(kind, Scalar) else "string"
    given = None if default is None or _is_empty(default) else default
    return DeclaredParameter(name, node.position, text, given, tuple(allowed), is_image)


def _environment(root: Fields, file: str) -> Environment | BrokenDocument:
    sections = {}
    for name, section in root.entries.items():
        if name not in SECTIONS:
            return BrokenDocument(file, section.position, f"{name[:80]} is no section of an environment")
        if name in ("parameters", "parameter_defaults", "resource_registry"):
            if _is_empty(section) and name != "resource_registry":  # an empty registry is refused by Heat's client
                continue
            if not isinstance(section, Fields):
                return BrokenDocument(file, section.position, f"the section {name} is no mapping")
            sections[name] = section
    empty = Fields(root.position, {})
    return Environment(
        file,
        sections.get("parameters", empty),
        sections.get("parameter_defaults", empty),
        sections.get("resource_registry", empty),
    )


def links_of(template: Template) -> Iterator[str]:
    """The types in a template that name a template file, whether a stack uses them or not."""
    waiting: list[Node] = [template.resources]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Items):
            waiting += node.items
        elif isinstance(node, Fields):
            for key, value in node.entries.items():
                if key in LINKING and isinstance(value, Scalar) and is_template_name(value.value):
                    yield str(value.value)
                waiting.append(value)


def is_template_name(value: object) -> bool:
    """Whether Heat takes the type of a resource for the name of a template file."""
    return isinstance(value, str) and value.endswith((".yaml", ".template"))


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Items) else ()


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None
