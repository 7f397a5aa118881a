"""The OpenAPI document keeps its word: requests made up from it are answered as it says, whatever they hold."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fiwareglancesync.api.api_service import NAME
from fiwareglancesync.api.app import create_app
from tests.support.server import embedded_environment

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


class Ending:
    """An executor whose tasks end at once."""

    def __init__(self, store: object) -> None:
        self._store = store

    def start(self, task_id: str) -> None:
        """Let it be."""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> BaseSchema:
    """The document of an application on the example's federation."""
    folder: Path = tmp_path_factory.mktemp("document")
    app = create_app(embedded_environment(folder), background=False)
    app.extensions[NAME] = dataclasses.replace(app.extensions[NAME], executor=Ending(app.extensions[NAME].store))
    return schemathesis.openapi.from_wsgi("/openapi.json", app)


REGION = "/regions/{id}"
ROUTES = [
    ("GET", "/"),
    ("GET", "/health"),
    ("GET", "/metrics"),
    ("GET", "/regions"),
    ("GET", REGION),
    ("POST", REGION),
    ("GET", f"{REGION}/tasks"),
    ("GET", f"{REGION}/tasks/{{task}}"),
    ("DELETE", f"{REGION}/tasks/{{task}}"),
    ("POST", f"{REGION}/tasks/{{task}}/cancel"),
]


def test_every_route_of_the_document_is_tried(document: BaseSchema) -> None:
    operations = [found.ok() for found in document.get_all_operations() if isinstance(found, Ok)]
    found = {(operation.method.upper(), operation.path) for operation in operations}
    assert found == set(ROUTES)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("known", [False, True])
def test_every_answer_is_as_the_document_says(
    document: BaseSchema, method: str, path: str, mode: GenerationMode, known: bool
) -> None:
    operation = document[path][method]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: schemathesis.Case) -> None:
        if known and "id" in case.path_parameters:
            case.path_parameters["id"] = "Burgos"
        case.call_and_validate(checks=CHECKS, headers={"Host": "localhost"})

    try:
        check()
    except Unsatisfiable:
        pytest.skip("nothing can be wrong in a request without parameters")
