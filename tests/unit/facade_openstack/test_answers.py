"""The mapper: operation, status and text decide kind, scope and whether to try again (design 5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from requests.structures import CaseInsensitiveDict

from fiwareglancesync.errors import (
    CloudError,
    Conflict,
    Forbidden,
    NotFound,
    QuotaExceeded,
    Rejected,
    Scope,
    ServiceFailure,
    TimedOut,
    Unauthorized,
)
from fiwareglancesync.facade.openstack.answers import Operation, from_answer, words

IMAGE, REGION = Scope.IMAGE, Scope.REGION
CREATE, UPLOAD, UPDATE = Operation.CREATE, Operation.UPLOAD, Operation.UPDATE
DELETE, LIST, GET, DOWNLOAD = Operation.DELETE, Operation.LIST, Operation.GET, Operation.DOWNLOAD


def error(operation: Operation, status: int, text: str = "", **headers: str) -> CloudError:
    named = CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()})
    return from_answer(operation, status, named, text.encode())


@pytest.mark.parametrize(
    ("operation", "status", "text", "kind", "scope", "transient"),
    [
        (GET, 401, "", Unauthorized, REGION, False),
        (LIST, 403, "", Forbidden, REGION, False),
        (CREATE, 403, "You are not authorized to complete add_image action.", Forbidden, REGION, False),
        (CREATE, 403, "Attribute 'glancesync_pending' is reserved.", Forbidden, IMAGE, False),
        (CREATE, 403, "Property 'x' is protected", Forbidden, IMAGE, False),
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
            REGION,
            False,
        ),
        (
            UPLOAD,
            413,
            "There is not enough disk space on the image storage media.",
            QuotaExceeded,
            REGION,
            False,
        ),
        (CREATE, 413, "Project p is over a limit for [image_count_total]", QuotaExceeded, REGION, False),
        (CREATE, 413, "Project p is over a limit for [image_size_total]", QuotaExceeded, REGION, False),
        (UPLOAD, 413, "The provided image is too large.", Rejected, IMAGE, False),
        (UPLOAD, 413, "<h1>413 Request Entity Too Large</h1>", Rejected, IMAGE, False),
        (
            CREATE,
            413,
            "The limit has been exceeded on the number of allowed image properties.",
            Rejected,
            IMAGE,
            False,
        ),
        (
            CREATE,
            413,
            "The limit has been exceeded on the number of allowed image tags.",
            Rejected,
            IMAGE,
            False,
        ),
        (UPDATE, 413, "The limit has been exceeded", Rejected, IMAGE, False),
        (CREATE, 400, "", Rejected, IMAGE, False),
        (UPLOAD, 415, "", Rejected, IMAGE, False),
        (UPLOAD, 418, "", Rejected, IMAGE, False),
        (GET, 408, "", TimedOut, REGION, True),
        (GET, 429, "", ServiceFailure, REGION, True),
        (GET, 500, "", ServiceFailure, IMAGE, True),
        (LIST, 500, "", ServiceFailure, REGION, True),
        (UPLOAD, 502, "", ServiceFailure, IMAGE, True),
        (UPLOAD, 503, "", ServiceFailure, REGION, True),
        (DOWNLOAD, 504, "", ServiceFailure, IMAGE, True),
        (GET, 501, "", ServiceFailure, IMAGE, False),
        (GET, 302, "", CloudError, REGION, False),
        (GET, 199, "", CloudError, REGION, False),
    ],
)
def test_each_refusal_has_its_kind_and_scope(
    operation: Operation, status: int, text: str, kind: type[CloudError], scope: Scope, transient: bool
) -> None:
    found = error(operation, status, text)
    assert (type(found), found.scope, found.transient, found.status) == (kind, scope, transient, status)


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


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("Fri, 31 Dec 1999 23:59:59 GMT", None), ("-1", None)]
)
def test_the_wish_to_wait_is_kept(value: str, seconds: float | None) -> None:
    assert error(GET, 503, Retry_After=value).retry_after == seconds


def test_a_wish_to_wait_means_nothing_where_nothing_is_tried_again() -> None:
    assert error(GET, 409, Retry_After="7").retry_after is None
