"""The routes and shapes of the API, from the OpenAPI document that the server gives."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fiwareglancesync.api.app import create_app
from fiwareglancesync.images.places.embedded.loader import load
from fiwareglancesync.images.places.factory import EMBEDDED

from .markup import escaped, heading, table

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "embedded"
ERROR = "ErrorAnswer"
LEVEL = "~"

Document = Mapping[str, Any]


@cache
def document() -> Document:
    """The document of a server over the example's federation."""
    logging.getLogger("glancesync").addHandler(logging.NullHandler())  # it warns of nothing that matters here
    with tempfile.TemporaryDirectory(prefix="glancesync-docs-") as folder:
        federation = Path(folder, "federation")
        load(EXAMPLE, federation, replace=False)
        environ = {
            EMBEDDED: str(federation),
            "GLANCESYNC_CONFIG": str(EXAMPLE / "glancesync.conf"),
            "GLANCESYNCAPP_DATABASE_PATH": str(Path(folder, "database")),
            "HOME": folder,
        }
        found: Document = create_app(environ, background=False).api_doc
        return found


def routes(tag: str) -> str:
    """Write the routes that have a tag.

    :param tag: as the document has it
    """
    return "".join(
        _route(method.upper(), path, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
        if tag in operation["tags"]
    )


def schemas() -> str:
    """Write the shapes that requests and answers have."""
    return "".join(_schema(name, schema) for name, schema in sorted(document()["components"]["schemas"].items()))


def _route(method: str, path: str, operation: Document) -> str:
    text = heading(f"{method} {path}", LEVEL) + f"{escaped(operation.get('description', ''))}\n\n"
    parameters = [
        (f"``{found['name']}``", found["in"], escaped(found.get("description", "")))
        for found in operation.get("parameters", [])
    ]
    if parameters:
        text += table(("Parameter", "In", "Meaning"), parameters)
    if "requestBody" in operation:
        (content,) = operation["requestBody"]["content"].values()
        text += f"Body, optional: {_type(content['schema'])}\n\n"
    answers = sorted(operation["responses"].items(), key=lambda answer: int(answer[0]))
    contents = [(_phrase(code), _answer(answer)) for code, answer in answers]
    errors = [code for code, content in contents if content == _reference(ERROR)]
    good = [f"{code}: {content}" for code, content in contents if content != _reference(ERROR)]
    return text + "".join(f"* {line}\n" for line in [*good, f"{', '.join(errors)}: {_reference(ERROR)}"]) + "\n"


def _phrase(code: str) -> str:
    return f"**{code}** {HTTPStatus(int(code)).phrase}"


def _answer(answer: Document) -> str:
    for kind, content in answer.get("content", {}).items():
        schema = content.get("schema", {})
        return _type(schema) if "$ref" in schema else f"``{kind}``"
    return "nothing"


def _schema(name: str, schema: Document) -> str:
    text = f".. _api-{name.lower()}:\n\n{heading(name, LEVEL)}{escaped(schema.get('description', ''))}\n\n"
    if "enum" in schema:
        return text + f"One of {', '.join(f'``{word}``' for word in schema['enum'])}.\n\n"
    return text + table(("Field", "Type", "Meaning"), _fields(schema))


def _fields(schema: Document) -> Iterator[tuple[str, str, str]]:
    for name, field in schema["properties"].items():
        yield f"``{name}``", _type(field), escaped(field.get("description", ""))


def _type(schema: Document) -> str:
    """A type as people read it."""
    if "$ref" in schema:
        return _reference(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"``{word}``" for word in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema.get("type", "anything"))


def _reference(name: str) -> str:
    """A link to a shape."""
    return f":ref:`{name} <api-{name.lower()}>`"
