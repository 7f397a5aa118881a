"""The routes behind authentication: regions and their tasks (sync 5.2)."""

from __future__ import annotations

import time

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ValidationError

from ..base.text import nearest, show
from ..images.summaries import Summary
from ..images.sync_job import SYNC
from ..jobs.tasks import Task, TaskStatus
from .api_service import BadOptions, Busy, api_service
from .auth import USER
from .error_answers import BAD_REQUEST, ApiError, invalid, unknown_key
from .schemas import (
    ErrorAnswer,
    ImagesAnswer,
    ImagesQuery,
    RegionPath,
    RegionsAnswer,
    RegionsQuery,
    Responses,
    SyncBody,
    TaskAnswer,
    TaskPath,
    TaskRef,
    TasksAnswer,
    keys_in,
    region_answer,
    task_answer,
    task_ref,
    task_short,
)

CANCEL_WAIT_SECONDS = 8.0
"""Seconds for which a task that is cancelled is waited for."""

BODY_TYPES = ("", "application/json", "application/x-www-form-urlencoded")
"""What the body of a request may be declared as: nothing, what it is, or what ``curl --data`` calls everything."""

COMMON: Responses = dict.fromkeys((400, 401, 403, 405, 500, 503), ErrorAnswer)
ABOUT_REGION: Responses = COMMON | {410: ErrorAnswer}
ABOUT_TASK: Responses = ABOUT_REGION | {404: ErrorAnswer}
LOOKS: Responses = ABOUT_REGION | {502: ErrorAnswer, 504: ErrorAnswer}

regions = APIBlueprint(
    "regions", __name__, abp_tags=[Tag(name="regions")], abp_security=[{"token": []}], abp_responses=COMMON
)

QUERIES: dict[str, type[BaseModel]] = {"regions.list_regions": RegionsQuery, "regions.get_region": ImagesQuery}
"""The parameters of each route that has any, by its endpoint."""


@regions.before_request
def check_query() -> None:
    """Refuse parameters that have no effect: who writes ``?dryRun=1`` expects that nothing is changed.

    :raises ApiError: the route has no such parameter
    """
    query = QUERIES.get(request.endpoint or "")
    for name in request.args:
        if query is None or name not in query.model_fields:
            raise ApiError(400, BAD_REQUEST, f"{show(name)}: {_unknown_parameter(name, query)}")


def _unknown_parameter(name: str, query: type[BaseModel] | None) -> str:
    if query is not None:
        return unknown_key(name, list(query.model_fields))
    body = list(SyncBody.model_fields) if request.endpoint == "regions.synchronise" else []
    meant = nearest(name, body)
    return "this route has no parameters" + (f"; {meant} is a key of the body, which is JSON" if meant else "")


@regions.get("/regions", summary="All regions", responses={200: RegionsAnswer})
def list_regions(query: RegionsQuery) -> Response:
    """What was last seen of each region, and the task that runs there; with refresh=1 all regions are asked now."""
    found = api_service()
    reader = found.reader()
    refs, lost = reader.regions()
    if query.refresh:
        found.summaries.save(reader.summaries(refs))
    seen, running = found.summaries.by_region(), found.store.running(SYNC)
    answers = [region_answer(ref.full, seen.get(ref.full), running.get(ref.full)) for ref in refs]
    unknown = [region_answer(f"{name}:", Summary("", time.time(), {}, why), None) for name, why in lost.items()]
    return _json(RegionsAnswer(regions=answers + unknown))


@regions.get("/regions/<string:id>", summary="The images of a region", responses=LOOKS | {200: ImagesAnswer})
def get_region(path: RegionPath, query: ImagesQuery) -> Response:
    """The status of each image to be synchronised, as it is now."""
    found = api_service()
    ref = found.region(path.id)
    status = found.statuses.of(found.reader(), ref)
    text = status.whole if query.image is None else status.answer(query.image)
    return Response(text, 200, mimetype="application/json")


@regions.post(
    "/regions/<string:id>",
    summary="Synchronise a region",
    responses=LOOKS | {200: TaskRef, 409: ErrorAnswer, 413: ErrorAnswer, 415: ErrorAnswer},
    openapi_extensions={
        "requestBody": {
            "required": False,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SyncBody"}}},
        }
    },
)
def synchronise(path: RegionPath) -> Response:
    """Start a task; while one is running for the region, it is the same task."""
    found = api_service()
    ref = found.region(path.id)
    try:
        wanted = _sync_body().request()
    except ValidationError as error:
        return invalid(error, keys_in)
    except ValueError as error:
        raise ApiError(400, BAD_REQUEST, str(error)) from error
    try:
        task = found.synchronise(ref, wanted, request.environ.get(USER))
    except BadOptions as error:
        raise ApiError(400, BAD_REQUEST, str(error)) from error
    except Busy as busy:
        same = busy.task.subject == ref.full
        how = "and does something else" if same else f"under its other name {busy.task.subject}"
        text = f"Another task is running for the region {how}: {busy.task.id}"
        raise ApiError(409, "Conflict", text, taskId=busy.task.id) from busy
    return _json(task_ref(task))


@regions.get("/regions/<string:id>/tasks", summary="The tasks of a region", responses=ABOUT_REGION | {200: TasksAnswer})
def list_tasks(path: RegionPath) -> Response:
    """The tasks of a region, newest first."""
    found = api_service()
    ref = found.region(path.id)
    found.store.fail_stale()
    tasks = found.store.of_subject(SYNC, ref.full)
    if not tasks:
        found.reader().check(ref)
    return _json(TasksAnswer(tasks=[task_short(task) for task in tasks]))


@regions.get("/regions/<string:id>/tasks/<string:task>", summary="A task", responses=ABOUT_TASK | {200: TaskAnswer})
def get_task(path: TaskPath) -> Response:
    """How a task stands, and what it has done."""
    store = api_service().store
    store.fail_stale()
    task = _task(path)
    return _json(task_answer(task, store.items(task.id), store.messages(task.id)))


@regions.delete("/regions/<string:id>/tasks/<string:task>", summary="Forget a task", responses=ABOUT_TASK | {200: None})
def delete_task(path: TaskPath) -> Response:
    """Forget a task that has ended."""
    task = _task(path)
    if not api_service().store.delete(task.id) and api_service().store.by_id(task.id) is not None:
        text = "The task is running; cancel it, or wait until it has ended."
        raise ApiError(400, BAD_REQUEST, text)
    return Response(b"", 200)


@regions.post(
    "/regions/<string:id>/tasks/<string:task>/cancel", summary="Cancel a task", responses=ABOUT_TASK | {200: TaskRef}
)
def cancel_task(path: TaskPath) -> Response:
    """End a task, which removes what it has begun and fails with "cancelled". One that has ended stays as it is."""
    store = api_service().store
    task: Task | None = _task(path)
    end = time.monotonic() + CANCEL_WAIT_SECONDS
    if task is not None and task.status is TaskStatus.SYNCING:
        store.cancel(task.id)
    while task is not None and task.status is TaskStatus.SYNCING and time.monotonic() < end:
        time.sleep(0.1)
        task = store.by_id(task.id)
    if task is None:
        raise ApiError(404, "Not found", "The task has just been deleted.")
    return _json(task_ref(task))


def _task(path: TaskPath) -> Task:
    """The task of a path; it is looked up under its own region.

    :raises UnknownRegion: there is no such region
    :raises ApiError: the region has no such task
    """
    found = api_service()
    ref = found.region(path.id)
    task = found.store.get(SYNC, ref.full, path.task)
    if task is None:
        found.reader().check(ref)
        raise ApiError(404, "Not found", "The region has no such task.")
    return task


def _sync_body() -> SyncBody:
    """The body of the request; none, or an empty one, asks for the usual.

    :raises ValueError: it is not what is expected
    :raises ApiError: it is declared as something else than JSON
    :raises RequestEntityTooLarge: it is larger than what is read
    """
    # One byte more: a body whose length nobody stated would be cut off at the limit in silence.
    raw = request.stream.read() + request.stream.read(1)
    if raw.strip() and request.mimetype not in BODY_TYPES:
        text = f"The body is declared as {request.mimetype[:100]}, expected application/json."
        raise ApiError(415, "Unsupported media type", text)
    return SyncBody.model_validate_json(raw) if raw.strip() else SyncBody()


def _json(model: BaseModel) -> Response:
    return Response(model.model_dump_json(), 200, mimetype="application/json")
