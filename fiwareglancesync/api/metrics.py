"""The metrics for Prometheus; with several workers, their counters are in a shared folder.

The environment has to name that folder before this module is imported, see ``server``.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Iterator

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from ..base.machine import is_loopback
from ..images.summaries import SummaryStore
from ..jobs.store import TaskStore
from .api_service import api_service
from .error_answers import ApiError

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

OWN = CollectorRegistry()
OF_PROXIES = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")
"""Headers of a request that a proxy on this machine forwards; who sent it may be on another machine."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""The methods that are counted one by one."""

REQUESTS = Counter("glancesync_requests", "Requests", ["method", "route", "code"], registry=OWN)
SECONDS = Histogram("glancesync_request_seconds", "Duration of requests", ["method", "route"], registry=OWN)


def register(app: Flask) -> None:
    """Count the requests of an application."""

    @app.before_request
    def begin() -> None:
        g.begun = time.monotonic()

    @app.after_request
    def count(response: Response) -> Response:
        # The rule, not the path: strangers choose paths, and each would be a series of its own.
        route = request.url_rule.rule if request.url_rule else "none"
        method = method_label(request.method)
        REQUESTS.labels(method, route, response.status_code).inc()
        SECONDS.labels(method, route).observe(time.monotonic() - g.get("begun", time.monotonic()))
        return response


def count_refused(method: str, code: int) -> None:
    """Count a request that the application never saw, because it was refused before.

    :param method: of the request
    :param code: HTTP status of the answer
    """
    REQUESTS.labels(method_label(method), "none", code).inc()


def method_label(method: str) -> str:
    """What a method is counted as; strangers invent methods too.

    :param method: of the request
    """
    return method if method in METHODS else "other"


def metrics() -> Response:
    """The metrics, for loopback or whoever shows the token (sync 5.1).

    :raises ApiError: the caller may not see them
    """
    expected = api_service().server.metrics_token
    near = is_loopback(request.remote_addr or "") and not any(name in request.headers for name in OF_PROXIES)
    if not near:
        if not expected:
            raise ApiError(404, "Not found", "There are no metrics here; METRICS_TOKEN switches them on.")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), expected.encode()):
            raise ApiError(401, "Unauthorized", "The metrics need METRICS_TOKEN as a Bearer token.")
    registry = CollectorRegistry()
    registry.register(_FromDatabase(api_service().store, api_service().summaries))
    if os.environ.get(FOLDER_VARIABLE):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        text = generate_latest(registry)
    else:
        text = generate_latest(registry) + generate_latest(OWN)
    return Response(text, 200, content_type=CONTENT_TYPE_LATEST)


class _FromDatabase(Collector):
    """The metrics that are in the database: the same, whichever worker answers."""

    def __init__(self, store: TaskStore, summaries: SummaryStore) -> None:
        self._store = store
        self._summaries = summaries

    def collect(self) -> Iterator[Metric]:
        """Read the database."""
        kept = GaugeMetricFamily("glancesync_tasks", "Kept tasks", labels=["status"])
        moved = GaugeMetricFamily("glancesync_tasks_bytes", "Bytes moved by kept tasks", labels=["status"])
        took = GaugeMetricFamily("glancesync_tasks_seconds", "Time that kept tasks took", labels=["status"])
        for status, count, size, seconds in self._store.totals():
            kept.add_metric([status], count)
            moved.add_metric([status], size)
            took.add_metric([status], seconds)
        images = GaugeMetricFamily(
            "glancesync_images", "Images to be synchronised, as last seen", labels=["region", "status"]
        )
        for region, summary in self._summaries.by_region().items():
            for status, count in summary.counts.items():
                images.add_metric([region.encode("utf-8", "backslashreplace").decode(), status], count)
        yield from (kept, moved, took, images)
