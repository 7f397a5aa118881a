"""The mapper: operation, status and text decide kind, scope and whether to try again (design 7)."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some
from requests.structures import CaseInsensitiveDict

from fiwareglancesync.base.errors import (
    CloudError,
    Conflict,
    Forbidden,
    NotFound,
    PropertyRefused,
    QuotaExceeded,
    Redirected,
    Rejected,
    Scope,
    ServiceFailure,
    Throttled,
    TimedOut,
    TooManyUploads,
    Unauthorized,
    Unreachable,
)
from fiwareglancesync.images.places.glance.glance_answers import GLANCE
from fiwareglancesync.openstack.answers import USUAL, Operation, Row, from_answer, words
from fiwareglancesync.openstack.sign_in_refusals import KEYSTONE

IMAGE, UPLOADS, REGION = Scope.IMAGE, Scope.UPLOADS, Scope.REGION
CREATE, UPLOAD, UPDATE = Operation.CREATE, Operation.UPLOAD, Operation.UPDATE
DELETE, LIST, GET, DOWNLOAD = Operation.DELETE, Operation.LIST, Operation.GET, Operation.DOWNLOAD
IMPORT, SIGN_IN = Operation.IMPORT, Operation.SIGN_IN
UPLOADING = "Resource image_count_uploading is over limit of 1 due to current usage 2 and delta 0"
DATE = "Fri, 31 Dec 1999 23:58:30 GMT"


def error(
    operation: Operation, status: int, text: str = "", table: Sequence[Row] = GLANCE.answers, **headers: str
) -> CloudError:
    named = CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()})
    return from_answer(table, operation, status, named, text.encode())


@pytest.mark.parametrize(
    ("operation", "status", "text", "kind", "scope", "retryable"),
    [
        (GET, 401, "", Unauthorized, REGION, False),
        (LIST, 401, "", Unauthorized, REGION, False),
        (SIGN_IN, 400, "The plain HTTP request was sent to HTTPS port", Unreachable, REGION, False),
        (LIST, 403, "", Forbidden, REGION, False),
        (CREATE, 403, "You are not authorized to complete add_image action.", Forbidden, UPLOADS, False),
        (CREATE, 403, "Attribute 'glancesync_pending' is reserved.", PropertyRefused, IMAGE, False),
        (CREATE, 403, "Property 'x' is protected", PropertyRefused, IMAGE, False),
        (UPDATE, 403, "You are not authorized to complete publicize_image action.", Forbidden, IMAGE, False),
        (DELETE, 403, "Image 1 is protected and cannot be deleted.", Forbidden, IMAGE, False),
        (GET, 404, "", NotFound, IMAGE, False),
        (LIST, 404, "", NotFound, REGION, False),
        (UPLOAD, 410, "", NotFound, IMAGE, False),
        (DELETE, 409, "Image 1 could not be deleted because it is in use", Conflict, IMAGE, False),
        (
            UPLOAD,
            413,
            "The size of the data 9 will exceed the limit. 1 bytes remaining.",
            QuotaExceeded,
            UPLOADS,
            False,
        ),
        (
            UPLOAD,
            413,
            "There is not enough disk space on the image storage media.",
            QuotaExceeded,
            UPLOADS,
            False,
        ),
        (CREATE, 413, "Project p is over a limit for [image_count_total]", QuotaExceeded, UPLOADS, False),
        (CREATE, 413, "Project p is over a limit for [image_size_total]", QuotaExceeded, UPLOADS, False),
        (UPLOAD, 413, "The provided image is too large.", Rejected, IMAGE, False),
        (UPLOAD, 413, "<h1>413 Request Entity Too Large</h1>", Rejected, IMAGE, False),
        (
            CREATE,
            413,
            "The limit has been exceeded on the number of allowed image properties.",
            PropertyRefused,
            IMAGE,
            False,
        ),
        (
            CREATE,
            413,
            "The limit has been exceeded on the number of allowed image tags.",
            PropertyRefused,
            IMAGE,
            False,
        ),
        (CREATE, 413, "<h1>413 Request Entity Too Large</h1>", PropertyRefused, IMAGE, False),
        (UPDATE, 413, "The limit has been exceeded", Rejected, IMAGE, False),
        (UPDATE, 413, "The limit on the number of allowed image properties", PropertyRefused, IMAGE, False),
        (CREATE, 400, "", Rejected, IMAGE, False),
        (UPLOAD, 415, "", Rejected, IMAGE, False),
        (UPLOAD, 418, "", Rejected, IMAGE, False),
        (GET, 408, "", TimedOut, REGION, True),
        (GET, 429, "", Throttled, REGION, True),
        (UPLOAD, 429, "", Throttled, REGION, True),
        (UPLOAD, 413, '{"overLimit": {"code": 413, "message": "Slow down."}}', Throttled, UPLOADS, True),
        (LIST, 413, '{"overLimit": {"code": 413, "retryAfter": "7"}}', Throttled, REGION, True),
        (UPLOAD, 413, f"Project p is over a limit for [{UPLOADING}]", TooManyUploads, UPLOADS, False),
        (IMPORT, 413, f"Project p is over a limit for [{UPLOADING}]", TooManyUploads, UPLOADS, False),
        (GET, 500, "", ServiceFailure, IMAGE, True),
        (LIST, 500, "", ServiceFailure, REGION, True),
        (UPLOAD, 502, "", ServiceFailure, IMAGE, True),
        (UPLOAD, 503, "", ServiceFailure, REGION, True),
        (DOWNLOAD, 504, "", ServiceFailure, IMAGE, True),
        (GET, 501, "", ServiceFailure, IMAGE, False),
        (GET, 302, "", Redirected, REGION, False),
        (GET, 199, "", CloudError, REGION, False),
    ],
)
def test_each_refusal_has_its_kind_and_scope(
    operation: Operation, status: int, text: str, kind: type[CloudError], scope: Scope, retryable: bool
) -> None:
    found = error(operation, status, text)
    assert (type(found), found.scope, found.retryable, found.status) == (kind, scope, retryable, status)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            '{"error": {"code": 401, "message": "Sign in, please.", "title": "Unauthorized"}}',
            "Sign in, please.",
        ),
        (
            '{"message": "In use.<br /><br />\\n\\n\\n", "code": "409 Conflict", "title": "Conflict"}',
            "In use.",
        ),
        ('{"error": "plain"}', "plain"),
        ('{"title": "only a title"}', "only a title"),
        ("404 Not Found\n\nNo image found with ID 7\n\n   ", "No image found with ID 7"),
        (
            "<html><head><title>413 X</title></head><body><h1>413 X</h1>Too &amp; much.<br /></body></html>",
            "Too & much.",
        ),
        ("<html><body><h1>502 Bad Gateway</h1></body></html>", ""),
        ("a\x1b[31mb\r\nc\u2028d", "a [31mb c d"),
        (
            "Provided object is bad: 'x' is no y Failed validating 'enum' in schema: {…}",
            "Provided object is bad: 'x' is no y",
        ),
        ("", ""),
    ],
)
def test_the_services_own_words_are_found(body: str, says: str) -> None:
    assert words(body.encode()) == says


@given(some.binary(max_size=2000))
def test_whatever_a_service_sends_is_one_short_printable_line(body: bytes) -> None:
    text = words(body)
    assert len(text) <= 400
    assert text.isprintable()


def test_the_status_follows_the_words() -> None:
    assert str(error(GET, 409, "In use.")) == "In use. (HTTP 409)"
    assert str(error(GET, 500)) == "HTTP 500"


@pytest.mark.parametrize("status", [413, 429, 503])
@pytest.mark.parametrize("operation", [LIST, GET, CREATE, UPLOAD, UPDATE, DELETE, DOWNLOAD, IMPORT])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("10800", 10800.0),
        ("9999999999", 9999999999.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 89.0),
        ("1999-12-31T23:59:00Z", 30.0),
    ],
)
def test_whoever_names_a_wait_refuses_for_now(
    operation: Operation, status: int, value: str, seconds: float
) -> None:
    # The quota that the words seem to mean is none: a time to wait is named.
    found = error(operation, status, "Over limit.", Retry_After=value, Date=DATE)
    scope = UPLOADS if status == 413 and operation in (CREATE, UPLOAD, IMPORT) else REGION
    assert (type(found), found.scope, found.retryable) == (Throttled, scope, True)
    assert found.retry_after == seconds


@pytest.mark.parametrize("value", ["-1", "soon", "", "٣", "Fri, 99 Dec 1999", "9" * 400])
def test_a_time_that_makes_no_sense_is_none(value: str) -> None:
    assert error(GET, 429, Retry_After=value).retry_after is None
    assert type(error(GET, 503, Retry_After=value)) is ServiceFailure
    assert type(error(UPLOAD, 413, "quota", Retry_After=value)) is QuotaExceeded


@pytest.mark.parametrize("value", ["0", "Fri, 31 Dec 1999 23:00:00 GMT"])
def test_no_wait_is_named_where_the_next_try_may_come_at_once(value: str) -> None:
    found = error(GET, 503, Retry_After=value, Date=DATE)
    assert (type(found), found.retry_after) == (ServiceFailure, 0.0)
    assert type(error(UPLOAD, 413, "The quota is spent.", Retry_After=value, Date=DATE)) is QuotaExceeded
    assert type(error(GET, 429, Retry_After=value, Date=DATE)) is Throttled


@pytest.mark.parametrize("value", ["26", 26])
def test_the_body_may_name_the_wait(value: object) -> None:
    body = json.dumps({"overLimit": {"code": 413, "message": "Only 10 requests a minute.", "retryAfter": value}})
    found = error(UPLOAD, 413, body)
    assert (found.retry_after, found.cause) == (26.0, "Only 10 requests a minute. (HTTP 413)")


def test_a_wish_to_wait_means_nothing_where_nothing_is_tried_again() -> None:
    assert error(GET, 409, Retry_After="7").retry_after is None


@pytest.mark.parametrize(
    ("status", "headers", "kind", "retryable"),
    [
        (429, {}, Throttled, True),
        (503, {"Retry_After": "3"}, Throttled, True),
        (503, {}, ServiceFailure, True),
        (413, {"Retry_After": "3"}, Throttled, True),
        (413, {}, Rejected, False),
    ],
)
def test_keystone_has_a_table_of_its_own(
    status: int, headers: dict[str, str], kind: type[CloudError], retryable: bool
) -> None:
    found = error(SIGN_IN, status, "over the quota", KEYSTONE, **headers)
    assert (type(found), found.scope, found.retryable) == (kind, REGION, retryable)


def test_what_413_means_is_the_services_affair() -> None:
    others = (Row((413,), QuotaExceeded, REGION), *USUAL)
    assert type(error(CREATE, 413, "", others, Retry_After="1")) is QuotaExceeded
    assert type(error(CREATE, 413, "", GLANCE.answers, Retry_After="1")) is Throttled


@pytest.mark.parametrize("table", [GLANCE.answers, KEYSTONE])
@given(status=some.integers(0, 999), operation=some.sampled_from(Operation), body=some.binary(max_size=50))
def test_every_answer_has_a_meaning(
    table: Sequence[Row], status: int, operation: Operation, body: bytes
) -> None:
    assert from_answer(table, operation, status, {}, body).status == status
