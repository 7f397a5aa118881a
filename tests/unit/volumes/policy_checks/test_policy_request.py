"""What the policy server understands, and what it refuses (volumes 5)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.volumes.policy_checks.policy_decision import BackupOwner
from fiwareglancesync.volumes.policy_checks.policy_request import (
    FORM,
    JSON,
    MAX_FIELDS,
    Body,
    Malformed,
    PolicyRequest,
    read_policy_request,
)

ID = "6f1b7c1e-94d5-4b0c-8f6e-0c3b7d2a9e15"
OTHER = ID.replace("6f", "7f")
TARGET = {
    "id": ID,
    "user_id": "0b" * 16,
    "project_id": "0c" * 16,
    "parent_id": None,
    "metadata": {"a": "b"},
    "status": "available",
}


def target(**changes: Any) -> dict[str, Any]:
    """A target as Cinder sends it, with changes."""
    return {**TARGET, **changes}


def form(document: object = None, **fields: str) -> Body:
    """A form as oslo.policy sends it."""
    text = json.dumps(TARGET if document is None else document)
    given = {"rule": '"backup:delete"', "target": text, "credentials": "{}", **fields}
    return Body(urlencode(given).encode(), FORM, {})


def read(body: Body | None, *ids: str) -> PolicyRequest:
    return read_policy_request(ids or (ID,), body)


def refused(body: Body | None, *ids: str) -> None:
    """Check that a request is refused, and that the error holds nothing of it."""
    with pytest.raises(Malformed) as caught:
        read_policy_request(ids, body)
    assert ID not in str(caught.value)


def test_a_form_describes_the_backup() -> None:
    assert read(form()) == PolicyRequest(ID, BackupOwner("0b" * 16, {"a": "b"}))


def test_a_document_does_too() -> None:
    content = json.dumps({"rule": "backup:delete", "target": TARGET, "credentials": {}}).encode()
    assert read(Body(content, JSON, {"charset": "UTF-8"})) == read(form())


def test_a_request_without_a_body_only_names_it() -> None:
    assert read(None) == PolicyRequest(ID, None)


def test_the_id_is_compared_in_lower_case() -> None:
    assert read(form(target(id=ID.upper())), ID.upper()) == read(form())


@pytest.mark.parametrize(
    "ids",
    [
        (),
        ("",),
        (ID, ID),
        (ID, OTHER),
        (ID[:-1],),
        (ID + "0",),
        (f" {ID}",),
        (f"{ID}\n",),
        (ID.replace("-", ""),),
        (f"{{{ID}}}",),
        ("g" + ID[1:],),
        ("６" + ID[1:],),
        ("%(id)s",),
        ("../backups",),
        ("x" * 100_000,),
    ],
)
def test_a_missing_or_odd_id_is_refused(ids: tuple[str, ...]) -> None:
    refused(None, *ids)
    refused(form(), *ids)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": OTHER},
        {"id": None},
        {"id": [ID]},
        {"user_id": None},
        {"user_id": ""},
        {"user_id": ["0b"]},
        {"project_id": ""},
        {"project_id": 7},
        {"metadata": None},
        {"metadata": []},
        {"metadata": "{}"},
    ],
)
def test_a_target_that_is_not_that_backup_is_refused(changes: dict[str, Any]) -> None:
    refused(form(target(**changes)), ID)


@pytest.mark.parametrize("key", ["id", "user_id", "project_id", "metadata"])
def test_a_target_without_what_decides_is_refused(key: str) -> None:
    refused(form({name: value for name, value in TARGET.items() if name != key}), ID)


@pytest.mark.parametrize("document", [[], "text", 1, True, [TARGET], {"target": TARGET}])
def test_a_target_that_is_no_object_is_refused(document: object) -> None:
    refused(form(document), ID)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 20_000,
        '{"a":' * 10_000,
        '{"id": ' + "9" * 60_000 + "}",
        '{"a": 1, "a": 2}',
        json.dumps(TARGET)[:-1] + ', "metadata": {}}',
        json.dumps(TARGET).replace('{"a": "b"}', '{"a": "b", "a": "c"}'),
        json.dumps(TARGET) + "x",
        "{'id': 1}",
        "\x00",
    ],
)
def test_a_target_that_is_no_json_or_says_two_things_is_refused(text: str) -> None:
    refused(form(target=text), ID)


def test_a_form_with_two_targets_is_refused() -> None:
    once = form().content
    refused(Body(once + b"&" + urlencode({"target": json.dumps(TARGET)}).encode(), FORM, {}), ID)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b" ",
        b"target",
        b"rule=x",
        json.dumps(TARGET).encode(),
        form().content + b"&" + b"&".join(b"f=1" for _ in range(MAX_FIELDS)),
        form().content + b"&b=\xc3\xa4",
        form().content + b"&b=%ff",
        b"\xff\xfe" + form().content,
        b"\x1f\x8b\x08\x00",
    ],
)
def test_a_broken_form_is_refused(content: bytes) -> None:
    refused(Body(content, FORM, {}), ID)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b'{"target": null}', b'{"target": "{}"}', b"\xff"])
def test_a_document_without_a_target_is_refused(content: bytes) -> None:
    refused(Body(content, JSON, {}), ID)


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "application/xml"])
def test_another_kind_of_body_is_refused(kind: str) -> None:
    refused(Body(form().content, kind, {}), ID)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity"])
def test_a_compressed_body_is_refused(encoding: str) -> None:
    refused(Body(form().content, FORM, {}, encoding), ID)


@pytest.mark.parametrize(("charset", "is_read"), [("utf-8", True), ("UTF-8", True), ("us-ascii", True),
                                                  ("utf-7", False), ("utf-16", False), ("", False)])  # fmt: skip
def test_only_utf_8_is_read(charset: str, is_read: bool) -> None:
    body = Body(form().content, FORM, {"charset": charset})
    if is_read:
        assert read(body) == read(form())
    else:
        refused(body, ID)


@given(st.binary(max_size=300), st.sampled_from([FORM, JSON]))
def test_any_bytes_are_refused(content: bytes, kind: str) -> None:
    refused(Body(content, kind, {}), ID)


@given(st.binary(max_size=100).map(lambda content: b"target=" + content))
def test_any_target_is_refused(content: bytes) -> None:
    refused(Body(content, FORM, {}), ID)
