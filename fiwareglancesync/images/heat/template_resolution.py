"""What all templates of some folders name (vault 5.1). Pure.

Each template that no other one uses is resolved without an environment and with each environment for it; the results
are united. One that another one uses is resolved as a part of that; what it would use by itself is only mentioned.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .template_documents import BrokenDocument, Environment, Template, links_of
from .template_files import LinkBroken, TemplateFiles, is_below
from .template_images import NamedImage, TemplateImages, TemplatePosition, UnresolvedImage
from .template_registry import named_templates, registry_of
from .template_resolver import StackImages, resolve_stack


def resolve_templates(files: TemplateFiles) -> TemplateImages:
    """The images that the templates of some folders name.

    :param files: what is below the folders
    """
    resolution = _Resolution(files)
    resolution.run()
    needed = {image.name for image in resolution.needed}
    return TemplateImages(
        _in_order(resolution.needed),
        _in_order({image for image in resolution.mentioned if image.name not in needed}),
        tuple(sorted(resolution.unresolved)),
        sum(template.file not in files.excluded for template in files.templates()),
    )


def _in_order(images: set[NamedImage]) -> tuple[NamedImage, ...]:
    return tuple(sorted(images, key=lambda image: (image.position, image.name)))


@dataclass(frozen=True, slots=True)
class _Pairing:
    """An environment with the root templates that it is for.

    :param others: further ones that Heat accepts it for; what they use with it is only mentioned
    """

    environment: Environment
    templates: frozenset[str]
    others: frozenset[str] = frozenset()


class _Resolution:
    """Unites the images of all stacks.

    :param files: what is below the folders
    """

    def __init__(self, files: TemplateFiles) -> None:
        self.needed: set[NamedImage] = set()
        self.mentioned: set[NamedImage] = set()
        self.unresolved: set[UnresolvedImage] = set(files.unresolved)
        self._files = files
        self._visited: set[str] = set()
        self._pairings: list[_Pairing] = []

    def run(self) -> None:
        """Resolve all stacks."""
        for document in self._files.documents.values():
            if isinstance(document, BrokenDocument):
                self.unresolved.add(UnresolvedImage(document.position, "", document.reason))
        by_template, by_any = self._linked()
        roots = [template for template in self._files.templates() if template.file not in by_any]
        self._pair(roots)
        for template in roots:
            self._resolve(template)
        for template in self._files.templates():
            # Templates that use each other in a circle have no root above them.
            if template.file in by_template and template.file not in self._visited:
                self._resolve(template)
        for template in self._files.templates():
            if template.file in by_any:
                self._mention(resolve_stack(template, None, self._files))

    def _linked(self) -> tuple[set[str], set[str]]:
        """The templates that other templates use, and those that templates or environments use."""
        by_template, by_any = set(), set()
        for template in self._files.templates():
            links = ((name, template.file, "") for name in links_of(template))
            by_template |= set(self._paths(links)) - {template.file}
        for environment in (*self._files.found_environments(), *self._files.environments):
            registry = registry_of(environment)
            entries = (entry for level in (registry.entries, registry.resources) for entry in named_templates(level))
            by_any |= set(self._paths((entry.template, environment.file, entry.base) for entry in entries))
        return by_template, by_any | by_template

    def _paths(self, links: Iterable[tuple[str, str, str]]) -> Iterator[str]:
        for name, file, base in links:
            try:
                yield self._files.path_of(name, file, base)
            except LinkBroken:
                continue

    def _pair(self, roots: Sequence[Template]) -> None:
        """Find the templates that each environment is for."""
        by_folder: dict[str, list[Template]] = {}
        for template in roots:
            by_folder.setdefault(posixpath.dirname(template.file), []).append(template)
        found = self._files.found_environments()
        pairs = [(environment, self._beside(environment, by_folder)) for environment in found]
        pairs += ((environment, [list(roots)]) for environment in self._files.environments)
        for environment, groups in pairs:
            fitting = next(filter(None, ([t for t in group if _fits(environment, t)] for group in groups)), [])
            if not fitting:
                fitting = [t for group in groups for t in group if environment.parameters.entries.keys() & t.parameters]
                self._leave_unfit(environment, [template for group in groups for template in group])
            chosen = frozenset(template.file for template in fitting)
            others = {t.file for group in groups for t in group if t.file not in chosen and _concerns(environment, t)}
            self._pairings.append(_Pairing(environment, chosen, frozenset(others)))

    def _beside(self, environment: Environment, roots: Mapping[str, list[Template]]) -> list[list[Template]]:
        """The templates that an environment may be for: those of its folder, those of each folder above, then all.

        :param roots: by their folders
        """
        groups: list[list[Template]] = []
        tops = [folder for folder in self._files.folders if is_below(environment.file, folder)]
        folder = posixpath.dirname(environment.file)
        while True:
            groups.append(roots.get(folder, []))
            above = posixpath.dirname(folder)
            if folder in tops or above == folder:
                break
            folder = above
        below = (found for folder, found in roots.items() if any(is_below(folder, top) for top in tops))
        return [*groups, [template for found in below for template in found]]

    def _leave_unfit(self, environment: Environment, templates: Sequence[Template]) -> None:
        """Leave an environment unresolved that Heat accepts for none of the templates."""
        names = environment.parameters.entries
        declared = {name for template in templates for name in template.parameters}
        name = next((name for name in names if name not in declared), "")
        reason = "no template has all parameters that the environment gives"
        if name:
            reason = f"no template has the parameter {name}, and Heat refuses the environment"
        elif not templates:
            reason = "there is no template for the environment"
        position = names[name].position if name else TemplatePosition(environment.file, 0)
        self.unresolved.add(UnresolvedImage(position, name, reason))

    def _resolve(self, template: Template) -> None:
        """Resolve the stacks of a root template."""
        environments = [p.environment for p in self._pairings if template.file in p.templates]
        stacks = [(each, resolve_stack(template, each, self._files)) for each in (None, *environments)]
        for pairing in self._pairings:
            if template.file in pairing.others:
                self._mention(resolve_stack(template, pairing.environment, self._files))
        for environment, stack in stacks:
            self._visited |= stack.visited
            files = {template.file}
            if environment is not None and environment not in self._files.environments:
                files.add(environment.file)
            is_excluded = files & self._files.excluded
            self.mentioned |= stack.mentioned
            (self.mentioned if is_excluded else self.needed).update(stack.needed)
            others = [each for _, each in stacks if each is not stack]
            self.unresolved |= {entry for entry in stack.unresolved if not _is_given(entry, stack, others)}

    def _mention(self, stack: StackImages) -> None:
        self.mentioned |= stack.needed | stack.mentioned


def _fits(environment: Environment, template: Template) -> bool:
    """Whether Heat accepts an environment for a template: it has all parameters that the environment gives."""
    return environment.parameters.entries.keys() <= template.parameters.keys()


def _concerns(environment: Environment, template: Template) -> bool:
    """Whether Heat accepts an environment for a template, and the template may use what it gives."""
    if not _fits(environment, template):
        return False
    given = {**environment.parameters.entries, **environment.defaults.entries}
    return bool(given.keys() & template.parameters.keys() or environment.registry.entries or any(links_of(template)))


def _is_given(entry: UnresolvedImage, stack: StackImages, others: Sequence[StackImages]) -> bool:
    """Whether a parameter that has no value in one stack of a template has one with another environment."""
    return entry in stack.missing and any(entry not in other.unresolved for other in others)
