"""The images that templates name, as values (vault 5.1). Pure: nothing here opens a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class TemplatePosition:
    """A position in a template or an environment file.

    :param file: path of the file, as the user named its folder
    :param line: counted from 1; 0 for a file as a whole
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, order=True)
class NamedImage:
    """An image that a template names.

    :param name: name or UUID of the image, as the template gives it
    :param position: where the value is given
    """

    name: str
    position: TemplatePosition


@dataclass(frozen=True, slots=True, order=True)
class UnresolvedImage:
    """A use of an image whose value is not known, or a file that cannot be read.

    :param position: where it is
    :param expression: the expression, as the template gives it; empty for a file as a whole
    :param reason: why there is no value, as a sentence part (``get_attr is not known before the stack exists``)
    """

    position: TemplatePosition
    expression: str
    reason: str

    @property
    def cause(self) -> str:
        """The expression and why it has no value, in one line."""
        return f"{self.expression}: {self.reason}" if self.expression else self.reason


@dataclass(frozen=True, slots=True)
class TemplateImages:
    """What all templates of some folders name, in the order of positions.

    :param needed: images that a stack uses
    :param mentioned: images that a stack may use, or that only an excluded file names
    :param unresolved: what has no known value
    :param files: files that are templates, excluded ones not counted
    """

    needed: tuple[NamedImage, ...]
    mentioned: tuple[NamedImage, ...]
    unresolved: tuple[UnresolvedImage, ...]
    files: int

    @property
    def unresolved_text(self) -> str:
        """How many entries are unresolved, as a sentence part."""
        count = len(self.unresolved)
        return f"{count} {'entry of templates is' if count == 1 else 'entries of templates are'} unresolved"
