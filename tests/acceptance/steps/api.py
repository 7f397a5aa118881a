"""What somebody asks the REST server, and what it answers."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path
from typing import Any

from behave import given, then, use_step_matcher, when
from behave.runner import Context

from tests.acceptance.helpers.server import Answer, Server, running_server, service_credential
from tests.acceptance.helpers.tokens import Tokens
from tests.support.conditions import wait_for

use_step_matcher("re")

WHOSE = (
    r"(?P<whose>no token|an empty token|this token|the token \"[^\"]*\"|(?:a|an) (?:unscoped |revoked )?token of "
    r"\w+(?:'s application credential)?(?: at [\w-]+)?)"
)
TOKEN = re.compile(
    r"an? (?P<kind>unscoped |revoked )?token of (?P<account>\w+)(?P<credential>'s application credential)?"
    r"(?: at (?P<keystone>[\w-]+))?"
)


@given(r"Keystone gives tokens for (?P<seconds>[0-9]+) seconds")
def step_short_tokens(context: Context, seconds: str) -> None:
    """Restart Keystone with another expiration until the end of the scenario."""
    context.add_cleanup(context.cloud.command, "restart", "keystone-a")
    context.cloud.command("restart", "keystone-a", "--set", f"token.expiration={seconds}")


@given(r"a token of (?P<account>\w+)")
def step_token(context: Context, account: str) -> None:
    """Get a token that the scenario speaks of as "this token"."""
    context.token = Tokens(context.cloud).of(account)
    context.ends = time.monotonic() + Tokens(context.cloud).seconds_left(context.token)


@given(r"a server that signs in with an application credential")
def step_other_server(context: Context) -> None:
    """Start another server, for this scenario."""
    folder = tempfile.TemporaryDirectory(prefix="glancesync-acceptance-")
    context.add_cleanup(folder.cleanup)
    running = running_server(context.cloud, Path(folder.name), service_credential(context.cloud))
    context.server = running.__enter__()
    context.add_cleanup(running.__exit__, None, None, None)


@when(r"the time of this token is over")
def step_expired(context: Context) -> None:
    """Wait as long as Keystone said that the token is valid; whoever looks may count whole seconds."""
    time.sleep(max(0.0, context.ends - time.monotonic()) + 1)


@given(r"the logs of the Glances are watched")
def step_watched(context: Context) -> None:
    """Remember where they end now."""
    context.marks = context.cloud.marks()


@when(rf'I ask "(?P<request>[^"]*)" with {WHOSE}')
@when(rf'I ask "(?P<request>[^"]*)" with {WHOSE} and the body')
def step_ask(context: Context, request: str, whose: str) -> None:
    """Ask the server."""
    context.request = request
    context.answers = [context.server.ask(request, _token(context, whose), context.text)]


@when(rf'I ask "(?P<request>[^"]*)" with {WHOSE} and the headers')
def step_ask_with_headers(context: Context, request: str, whose: str) -> None:
    """Ask the server with headers of one's own."""
    headers = {row["header"]: row["value"] for row in context.table}
    context.answers = [context.server.ask(request, _token(context, whose), None, headers)]


@when(r'"(?P<request>[^"]*)" is asked with each of')
def step_ask_with_each(context: Context, request: str) -> None:
    """Ask the same with several tokens."""
    context.texts = [row.get("text") for row in context.table]
    context.answers = [context.server.ask(request, _token(context, row["whose"])) for row in context.table]


@when(rf"each of these is asked with {WHOSE}")
def step_ask_each(context: Context, whose: str) -> None:
    """Ask several things with one token."""
    token = _token(context, whose)
    context.answers = [context.server.ask(row["request"], token) for row in context.table]


@then(r"(?:the|each) answer is (?P<code>[0-9]+)")
def step_code(context: Context, code: str) -> None:
    """Compare the code."""
    for answer in context.answers:
        assert answer.code == int(code), f"{answer.code}: {answer.text}"


@then(r'(?:the|each) answer is the error (?P<code>[0-9]+) titled (?:nothing|"(?P<title>[^"]*)")')
def step_error(context: Context, code: str, title: str | None) -> None:
    """Compare the code and the form of errors."""
    step_code(context, code)
    for answer in context.answers:
        error = answer.document["error"]
        assert error["code"] == int(code), error
        assert error["message"], error
        assert error["description"], error
        assert error.get("title") == title, error


@then(r'the answer says "(?P<text>[^"]*)"')
def step_description(context: Context, text: str) -> None:
    """Compare what the error says."""
    found = _answer(context).document["error"]["description"]
    assert found == text, found


@then(r"each says the text and does not show the token")
def step_descriptions(context: Context) -> None:
    """Compare what each error says with the table of who asked."""
    found = [answer.document["error"]["description"] for answer in context.answers]
    assert found == context.texts, found
    assert not any(answer.shown and answer.shown in answer.text for answer in context.answers)


@then(r'each lists the regions "(?P<names>[^"]*)"')
def step_regions(context: Context, names: str) -> None:
    """Compare the names and their order."""
    for answer in context.answers:
        found = [region["id"] for region in answer.document["regions"]]
        assert found == names.split(), found


@then(r"no Glance was asked (?P<what>for anything|to change anything)")
def step_not_asked(context: Context, what: str) -> None:
    """Since the logs are watched, no server of a region heard anything, or anything that writes."""
    for region in context.cloud.regions:
        asked = context.cloud.requests(region, context.marks[region])
        found = [request for request in asked if request.writes or what == "for anything"]
        assert not found, f"{region}: {found}"


@then(r"the task ends as (?P<status>synced|failed)")
def step_task(context: Context, status: str) -> None:
    """Follow the task that the last request started."""
    server: Server = context.server
    started = _answer(context)
    assert started.code == 200, started.text
    assert started.document["status"] == "syncing", started.text
    path = f"GET {context.request.split(' ')[1]}/tasks/{started.document['taskId']}"

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = server.ask(path, started.shown).document
        return found if found["status"] != "syncing" else None

    context.task = wait_for(ended, f"the end of the task at {path}")
    assert context.task["status"] == status, context.task


@then(r"it has moved (?P<number>[0-9]+) images and all of their bytes")
def step_moved(context: Context, number: str) -> None:
    """Compare the task's counts."""
    task = context.task
    assert task["imagesDone"] == task["imagesTotal"] == int(number), task
    assert task["bytesDone"] == task["bytesTotal"] > 0, task
    assert (task["errors"], task["reason"], task["imagesFailed"]) == ([], None, 0), task
    assert {image["state"] for image in task["images"]} == {"done"}, task


@then(r"it awaits (?P<number>[0-9]+) decisions?")
def step_undecided(context: Context, number: str) -> None:
    """Compare the task's count of conflicts."""
    assert context.task["undecided"] == int(number), context.task


@then(r'its reason begins with "(?P<text>[^"]*)"')
def step_reason(context: Context, text: str) -> None:
    """Compare why the task failed."""
    assert context.task["reason"].startswith(context.state.filled(text)), context.task["reason"]


@then(r"the statuses are")
def step_statuses(context: Context) -> None:
    """Compare the statuses of a region and their order."""
    found = [[image["status"], image["name"]] for image in _answer(context).document["images"]]
    assert found == [[row["status"], row["image"]] for row in context.table], found


def _answer(context: Context) -> Answer:
    """The only answer."""
    (answer,) = context.answers
    assert isinstance(answer, Answer)
    return answer


def _token(context: Context, whose: str) -> str | None:
    """The token that a sentence speaks of, of whatever kind."""
    if whose == "no token":
        return None
    if whose == "an empty token":
        return ""
    if whose == "this token":
        return str(context.token)
    match = TOKEN.fullmatch(whose)
    if match is None:
        return whose.split('"')[1]
    tokens = Tokens(context.cloud, match["keystone"] or "keystone-a")
    if match["credential"]:
        return tokens.of_application_credential()
    token = tokens.of(match["account"], scoped=match["kind"] != "unscoped ")
    if match["kind"] == "revoked ":
        tokens.revoke(token)
    return token
