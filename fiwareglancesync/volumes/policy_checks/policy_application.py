"""The WSGI application that Cinder asks, by oslo.policy, before a project member deletes a backup (volumes 5).

It needs no token. No answer of it allows what is not certain, and nothing of a request's body is stored or logged.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ..policy_clients import AllowedClients
from .policy_account import AccountId
from .policy_decision import (
    FAILED,
    MALFORMED,
    NO_ROUTE,
    NOT_A_CLIENT,
    OTHER_METHOD,
    TOO_LARGE,
    Answer,
    decide,
)
from .policy_lookup import CinderLookup, RecordLookup
from .policy_request import MAX_BODY_BYTES, Body, Malformed, read_policy_request

ANSWERS = {answer.status: answer for answer in (MALFORMED, NOT_A_CLIENT, NO_ROUTE, OTHER_METHOD, TOO_LARGE)}
"""What Flask refuses, by status."""

OK, FAILS = "ok", "failed"

log = logging.getLogger("glancesync.policy")


@dataclass(frozen=True, slots=True)
class PolicyService:
    """What the application works with.

    :param records: our database
    :param cinder: for requests that do not describe the backup
    :param account: the account that makes our backups
    :param clients: who may ask
    """

    records: RecordLookup
    cinder: CinderLookup
    account: AccountId
    clients: AllowedClients


def create_policy_app(service: PolicyService) -> Flask:
    """Make the application; nothing is contacted yet.

    :param service: what it works with
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False  # oslo.policy follows redirections: there is none

    def backup() -> Response:
        return _response(_answer(service))

    def health() -> Response:
        return _health(service)

    @app.before_request
    def check() -> Response | None:
        # Of the connection itself: whatever a proxy or a client says of forwarding is not believed.
        allowed = service.clients.allows(request.environ.get("REMOTE_ADDR") or "")
        return None if allowed else _response(NOT_A_CLIENT)

    app.add_url_rule("/v1/backup", "backup", backup, methods=["GET", "POST"], provide_automatic_options=False)
    app.add_url_rule("/v1/health", "health", health, methods=["GET"], provide_automatic_options=False)
    for rule in app.url_map.iter_rules():
        (rule.methods or set()).discard("HEAD")  # added beside GET; its answer has no body
    app.register_error_handler(Exception, _refusal)
    return app


def _answer(service: PolicyService) -> Answer:
    try:
        asked = read_policy_request(request.args.getlist("backup_id"), _body())
    except Malformed as error:
        log.info("Malformed request: %s", error)
        return MALFORMED
    recorded = service.records.is_recorded(asked.backup_id)
    owner = asked.owner
    if owner is None and recorded is False:
        owner = service.cinder.owner(asked.backup_id)
    return decide(owner, is_recorded=recorded, account_id=service.account.find())


def _body() -> Body | None:
    """The body of the request, None when there is none.

    :raises Malformed: there may be one that the WSGI server does not pass on
    """
    headers = request.headers
    if headers.get("Transfer-Encoding") and not request.environ.get("wsgi.input_terminated"):
        raise Malformed("the body has no length")
    content = request.get_data(cache=False)
    if not content:
        return None
    parameters = {name.lower(): value for name, value in request.mimetype_params.items()}
    return Body(content, request.mimetype, parameters, headers.get("Content-Encoding", "").strip().lower())


def _health(service: PolicyService) -> Response:
    """Whether the server can decide."""
    works = {"database": service.records.works(), "account": bool(service.account.find())}
    is_ready = all(works.values())
    checks = {name: OK if fine else FAILS for name, fine in works.items()}
    response = jsonify({"status": OK if is_ready else "not ready", "checks": checks})
    response.status_code = 200 if is_ready else 503
    response.headers["Cache-Control"] = "no-store"
    return response


def _response(answer: Answer) -> Response:
    response = Response(answer.text, answer.status, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


def _refusal(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        response = _response(ANSWERS.get(error.code or 0, MALFORMED))
        if isinstance(error, MethodNotAllowed):
            response.allow.update(error.valid_methods or ())
        return response
    # The error's text may be from the body of the request: only the places in the program are logged.
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("Unexpected error: %s\n%s", type(error).__name__, places)
    return _response(FAILED)
