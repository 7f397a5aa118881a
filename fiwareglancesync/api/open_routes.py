"""The routes that need no token: the API itself, its health, and its documents (sync 5.2)."""

from __future__ import annotations

from pathlib import Path

import flask_openapi3_swagger
from flask import Response, current_app, jsonify, redirect, request, send_from_directory
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field

from ..base.version import __version__
from .api_service import api_service
from .error_answers import ApiError
from .health import OK, Health
from .metrics import metrics
from .schemas import ErrorAnswer, Responses, VersionAnswer, iso
from .start_page import start_page

UPDATED = "2026-11-21T00:00:00Z"
OWNER = "GlanceSync"
UI = Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger"

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>GlanceSync API</title>
<link rel="stylesheet" href="docs/css/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="docs/js/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = 'window.ui = SwaggerUIBundle({url: "openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null});\n'
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


class HealthQuery(BaseModel):
    """Which health is meant."""

    live: bool = Field(default=False, description="Only whether the server answers, not whether it can do its work")


class HealthAnswer(BaseModel):
    """How the server is."""

    status: str
    checks: dict[str, str]


COMMON: Responses = dict.fromkeys((400, 403, 405, 500), ErrorAnswer)

open_routes = APIBlueprint("open", __name__, abp_tags=[Tag(name="server")], abp_responses=COMMON)


@open_routes.get("/", summary="The API", responses={200: VersionAnswer})
def version() -> Response:
    """What this is, and since when it runs; as a page for clients that prefer HTML to JSON, which browsers do."""
    found = api_service()
    answer = VersionAnswer(
        id="v1.0",
        owner=OWNER,
        status="SUPPORTED",
        version=__version__,
        updated=UPDATED,
        runningfrom=iso(found.started) or "",
        href=found.server.public_url or request.host_url,
    )
    accepted = request.accept_mimetypes
    if accepted.quality("text/html") > accepted.quality("application/json"):
        response = start_page(answer, token_needed=found.server.keystone is not None, embedded=found.embedded)
    else:
        response = jsonify(answer.model_dump())
    response.vary.add("Accept")
    return response


@open_routes.get("/health", summary="Health", responses={200: HealthAnswer, 503: HealthAnswer})
def health(query: HealthQuery) -> Response:
    """Whether the server answers, and whether what it depends on does."""
    found: Health = current_app.extensions["glancesync-health"]
    checks = {} if query.live else found.checks()
    ready = all(outcome == OK for outcome in checks.values())
    response = jsonify(HealthAnswer(status=OK if ready else "not ready", checks=checks).model_dump())
    response.status_code = 200 if ready else 503
    return response


@open_routes.get(
    "/metrics",
    summary="Metrics for Prometheus",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, 401: ErrorAnswer, 404: ErrorAnswer},
)
def show_metrics() -> Response:
    """Requests, tasks, images and bytes; for loopback, elsewhere with METRICS_TOKEN as a Bearer token."""
    return metrics()


@open_routes.get("/openapi.json", doc_ui=False)
def document() -> Response:
    """The OpenAPI document."""
    return jsonify(current_app.api_doc)  # type: ignore[attr-defined]


@open_routes.get("/docs", doc_ui=False)
def docs() -> Response:
    """The OpenAPI document for people; nothing is loaded from elsewhere."""
    if request.path.endswith("/"):
        return redirect("../docs", 308)  # type: ignore[return-value]  # below it, the page would not find its files
    return Response(PAGE, mimetype="text/html", headers={"Content-Security-Policy": POLICY})


@open_routes.route("/docs/<path:name>")
def docs_file(name: str) -> Response:
    """A file of the pages."""
    if name == "start.js":
        return Response(START, mimetype="text/javascript")
    if not (UI / name).is_file():
        raise ApiError(404, "Not found", "There is no such page.")
    return send_from_directory(UI, name)
