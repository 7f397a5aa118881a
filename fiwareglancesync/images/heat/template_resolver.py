"""The images that one stack names: a root template with one environment (vault 5.1). Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .group_members import definitions_of
from .image_uses import images_of, is_type_of_heat
from .template_documents import Environment, Template, is_template_name
from .template_files import LinkBroken, TemplateFiles
from .template_images import NamedImage, TemplatePosition, UnresolvedImage
from .template_nodes import OMITTED, Fields, Items, Node, Scalar, Unknown, expression_of, options, variants
from .template_parameters import bound, passed
from .template_registry import RegistryEntry, ResourceRegistry, registry_of
from .template_scope import TemplateScope

MAX_NESTED = 10
"""Levels of nested templates; Heat allows five unless it is configured otherwise."""

MAX_RESOURCES = 10_000
"""Resources of one stack, with those of nested templates; Heat allows a thousand unless it is configured otherwise."""

MAX_NAME = 255
"""Characters of the longest name that Glance accepts."""

REMOTE_STACK = "OS::Heat::Stack"
NETWORK_STACK = "AWS::CloudFormation::Stack"


@dataclass(slots=True)
class StackImages:
    """What a stack names.

    :param missing: which of ``unresolved`` are because of a parameter without a value, with its name
    :param visited: the files of all templates that it has
    """

    needed: set[NamedImage] = field(default_factory=set)
    mentioned: set[NamedImage] = field(default_factory=set)
    unresolved: set[UnresolvedImage] = field(default_factory=set)
    missing: dict[UnresolvedImage, str] = field(default_factory=dict)
    visited: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _NestedStack:
    """A template that is to be visited.

    :param chain: the files from the root to it
    :param is_certain: whether the stack has it; else it may have it
    """

    scope: TemplateScope
    registry: ResourceRegistry
    chain: tuple[str, ...]
    is_certain: bool


def resolve_stack(template: Template, environment: Environment | None, files: TemplateFiles) -> StackImages:
    """The images of a stack.

    :param template: the root template
    :param environment: None for a stack without one
    :param files: where nested templates are
    """
    return _StackResolver(files, environment).resolve(template)


class _StackResolver:
    """Visits the resources of a stack.

    :param files: where nested templates are
    :param environment: None for a stack without one
    """

    def __init__(self, files: TemplateFiles, environment: Environment | None) -> None:
        self._files = files
        self._environment = environment
        self._defaults: Mapping[str, Node] = environment.defaults.entries if environment else {}
        self._waiting: deque[_NestedStack] = deque()
        self._resources = 0
        self._found = StackImages()

    def resolve(self, template: Template) -> StackImages:
        """The images of the stack."""
        environment = self._environment
        given = environment.parameters.entries if environment else {}
        registry = registry_of(environment) if environment else ResourceRegistry()
        scope = TemplateScope(template, bound(template, given, self._defaults))
        self._waiting.append(_NestedStack(scope, registry, (template.file,), True))
        while self._waiting and self._resources <= MAX_RESOURCES:
            self._visit(self._waiting.popleft())
        if self._resources > MAX_RESOURCES:
            reason = f"the stack has more than {MAX_RESOURCES} resources"
            self._found.unresolved.add(UnresolvedImage(TemplatePosition(template.file, 0), "", reason))
        return self._found

    def _visit(self, stack: _NestedStack) -> None:
        self._found.visited.add(stack.scope.template.file)
        template = stack.scope.template
        for name, node in template.resources.entries.items():
            self._visit_resource(stack, name, node)
        for name, declared in template.parameters.items():
            if declared.is_image:
                self._add_declared(stack.scope.parameters[name], stack.is_certain)

    def _visit_resource(self, stack: _NestedStack, name: str, node: Node) -> None:
        """Take a resource of a template."""
        is_hot = stack.scope.template.is_hot
        keys = ("type", "properties", "condition")
        kind, properties, condition = (
            node.get(key if is_hot else key.capitalize()) if isinstance(node, Fields) else None for key in keys
        )
        if kind is None:
            self._leave(Unknown(node.position, name, f"the resource {name} has no type"))
            return
        is_certain = stack.is_certain
        if condition is not None:
            verdict = stack.scope.judge(condition)
            if isinstance(verdict, Unknown):
                self._leave(Unknown(condition.position, expression_of(condition), verdict.reason, verdict.missing))
            is_certain = is_certain and verdict is True
        if self._visit_stack_resource(stack, name, kind, properties, is_certain=is_certain):
            return
        evaluated = Fields(node.position, {}) if properties is None else stack.scope.evaluate(properties)
        self._visit_definition(stack, name, kind, evaluated, is_certain=is_certain)

    def _visit_stack_resource(
        self, stack: _NestedStack, name: str, kind: Node, properties: Node | None, *, is_certain: bool
    ) -> bool:
        """Take a resource that is a stack of its own, with a template that ``get_file`` reads.

        :return: whether it was one
        """
        if not isinstance(kind, Scalar) or kind.value != REMOTE_STACK or not isinstance(properties, Fields):
            return False
        file = properties.get("template", "get_file")
        if not isinstance(file, Scalar) or properties.get("context") is not None:
            return False
        given = stack.scope.evaluate(properties.get("parameters") or Fields(kind.position, {}))
        entry = RegistryEntry((REMOTE_STACK,), str(file.value), file.position)
        self._nest(stack, name, entry, stack.scope.template.file, given, is_certain=is_certain, is_remote=True)
        return True

    def _visit_definition(
        self, stack: _NestedStack, name: str, kind: Node, properties: Node, *, is_certain: bool
    ) -> None:
        """Take the definition of a resource, of a template or of the members of a group.

        :param kind: its type
        :param properties: evaluated
        """
        actual, *others = options(stack.scope.evaluate(kind))
        for each, certain in ((actual, is_certain), *((other, False) for other in others)):
            if isinstance(each, Unknown):
                self._leave(each)
            elif not isinstance(each, Scalar) or not isinstance(each.value, str):
                self._leave(Unknown(each.position, expression_of(each), f"the type of the resource {name} is no text"))
            else:
                self._visit_typed(stack, name, each, properties, is_certain=certain)

    def _visit_typed(
        self, stack: _NestedStack, name: str, kind: Scalar, properties: Node, *, is_certain: bool
    ) -> None:
        self._resources += 1
        if self._resources > MAX_RESOURCES:
            return
        found = stack.registry.find(str(kind.value), name)
        if isinstance(found, RegistryEntry):
            environment = self._environment.file if self._environment else ""
            self._nest(stack, name, found, environment, properties, is_certain=is_certain)
            return
        if is_template_name(found):
            entry = RegistryEntry((found,), found, kind.position)
            self._nest(stack, name, entry, stack.scope.template.file, properties, is_certain=is_certain)
            return
        given = str(kind.value)
        if "::" in given and not is_type_of_heat(found):
            reason = f"Heat has no type {given}, and no environment of this template says what it is"
            self._leave(Unknown(kind.position, given, reason, f"{kind.position.file}:{given}"))
        self._visit_plain(stack, name, Scalar(kind.position, found), properties, is_certain=is_certain)

    def _visit_plain(
        self, stack: _NestedStack, name: str, resolved: Scalar, properties: Node, *, is_certain: bool
    ) -> None:
        """Take a resource that is no template.

        :param resolved: its type, by the registry
        """
        kind, position = str(resolved.value), resolved.position
        if "::" not in kind and kind.endswith((".yml", ".json")):
            reason = "Heat takes only names that end in .yaml or .template for templates"
            self._leave(Unknown(position, kind, reason))
        if kind in (REMOTE_STACK, NETWORK_STACK):
            self._leave(Unknown(position, kind, "the template of this stack is not read"))
        for value in images_of(kind, properties):
            self._add_image(value, is_certain)
        inner = replace(stack, registry=stack.registry.of_nested(name, None))
        for member in definitions_of(kind, properties):
            if isinstance(member, Unknown):
                self._leave(member)
            elif self._resources <= MAX_RESOURCES:
                certain = is_certain and member.is_certain
                self._visit_definition(inner, member.name, member.kind, member.properties, is_certain=certain)

    def _nest(
        self,
        stack: _NestedStack,
        name: str,
        entry: RegistryEntry,
        file: str,
        properties: Node,
        *,
        is_certain: bool,
        is_remote: bool = False,
    ) -> None:
        """Take a resource that is a nested template.

        :param entry: names the template
        :param file: that has the entry
        :param is_remote: whether it is a stack of its own, which sees no environment
        """
        try:
            template = self._files.linked(entry.template, file, entry.base)
        except LinkBroken as error:
            self._leave(Unknown(entry.position, entry.template, str(error)))
            return
        if template.file in stack.chain:
            self._leave(Unknown(entry.position, entry.template, f"{entry.template} is nested in itself"))
            return
        if len(stack.chain) > MAX_NESTED:
            self._leave(Unknown(entry.position, entry.template, f"it is nested deeper than {MAX_NESTED} templates"))
            return
        actual, *others = options(properties)
        for each, certain in ((actual, is_certain), *((other, False) for other in others)):
            if isinstance(each, Unknown):
                self._leave(each)
            given = each.entries if isinstance(each, Fields) else {}
            parameters = bound(template, passed(given), {} if is_remote else self._defaults)
            registry = ResourceRegistry() if is_remote else stack.registry.of_nested(name, entry)
            scope = TemplateScope(template, parameters)
            self._waiting.append(_NestedStack(scope, registry, (*stack.chain, template.file), certain))

    def _add_declared(self, node: Node, is_certain: bool) -> None:
        """Take the value of a parameter that is an image; one without a value is left unresolved once."""
        for each in options(node):
            items = each.items if isinstance(each, Items) else (each,)
            certain = is_certain and each is options(node)[0]
            for item in items:
                if not isinstance(item, Unknown) or item.missing not in self._found.missing.values():
                    self._add_image(item, certain)

    def _add_image(self, node: Node, is_certain: bool) -> None:
        """Take a value that is an image."""
        actual, *others = variants(node)
        for value, certain in ((actual, is_certain), *((other, False) for other in others)):
            image = _image(value)
            if isinstance(image, Unknown):
                self._leave(image)
            elif image is not None:
                (self._found.needed if certain else self._found.mentioned).add(image)

    def _leave(self, unknown: Unknown) -> None:
        """Leave a value unresolved."""
        entry = UnresolvedImage(unknown.position, unknown.expression, unknown.reason)
        self._found.unresolved.add(entry)
        if unknown.missing:
            self._found.missing[entry] = unknown.missing


def _image(node: Node) -> NamedImage | Unknown | None:
    """The image that a value without alternatives is; None for an empty one: such a server starts from a volume."""
    if node is OMITTED:
        return None
    if isinstance(node, Unknown):
        return node
    if isinstance(node, Scalar):
        if node.value is None or node.value == "":
            return None
        if len(str(node.value)) > MAX_NAME:
            reason = f"the value has more than {MAX_NAME} characters, and no image has such a name"
            return Unknown(node.position, expression_of(node), reason)
        if isinstance(node.value, (str, int)):
            return NamedImage(str(node.value), node.position)
        return Unknown(node.position, expression_of(node), "the value is a decimal number; write it in quotes")
    return Unknown(node.position, expression_of(node), "the value is a list or a mapping, and no name")
