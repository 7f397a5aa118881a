"""Templates in memory, for the resolver."""

from __future__ import annotations

from collections.abc import Mapping

from fiwareglancesync.images.heat.template_documents import BrokenDocument, Document, document_of
from fiwareglancesync.images.heat.template_files import TemplateFiles
from fiwareglancesync.images.heat.template_images import TemplateImages, TemplatePosition, UnresolvedImage
from fiwareglancesync.images.heat.template_resolution import resolve_templates
from fiwareglancesync.images.heat.yaml_nodes import DocumentError, parse_document


def template_files(texts: Mapping[str, str], excluded: frozenset[str] = frozenset()) -> TemplateFiles:
    """Files below the folder ``t``.

    :param texts: contents by path below it
    :param excluded: paths below it
    """
    documents: dict[str, Document] = {}
    unresolved: list[UnresolvedImage] = []
    for name, text in sorted(texts.items()):
        path = f"t/{name}"
        try:
            parsed = parse_document(text, path)
        except DocumentError as error:
            unresolved.append(UnresolvedImage(TemplatePosition(path, error.line), "", str(error)))
            continue
        document = None if parsed is None else document_of(parsed.root, path)
        if document is not None and parsed is not None and parsed.problem is not None:
            document = BrokenDocument(path, TemplatePosition(path, parsed.problem.line), str(parsed.problem))
        if document is not None:
            documents[path] = document
    hidden = frozenset(f"t/{name}" for name in excluded)
    names = {f"/here/{path}": path for path in (f"t/{name}" for name in texts)}
    return TemplateFiles(documents, {"t": "/here/t"}, hidden, (), tuple(unresolved), names, {}, "/here")


def resolved(texts: Mapping[str, str], excluded: frozenset[str] = frozenset()) -> TemplateImages:
    """What files below a folder name.

    :param texts: contents by path
    :param excluded: paths
    """
    return resolve_templates(template_files(texts, excluded))


def needed(images: TemplateImages) -> list[str]:
    """The names of needed images."""
    return [image.name for image in images.needed]


def mentioned(images: TemplateImages) -> list[str]:
    """The names of mentioned images."""
    return [image.name for image in images.mentioned]


def reasons(images: TemplateImages) -> list[str]:
    """Why something is unresolved."""
    return [entry.reason for entry in images.unresolved]
