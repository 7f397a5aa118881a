"""What the operator types, and what the program answers."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from behave import given, then, use_step_matcher, when
from behave.runner import Context

from tests.acceptance.helpers.scenario_state import ScenarioState
from tests.support.summary import without_summary

use_step_matcher("re")


@given(r"the configuration")
def step_configuration(context: Context) -> None:
    """Add to the configuration of the cloud."""
    context.state.program.configure(context.state.filled(context.text))


@given(r"a configuration file with nothing but")
def step_whole_configuration(context: Context) -> None:
    """Write the whole configuration."""
    context.state.program.configure_alone(context.state.filled(context.text))


@given(r"no configuration file")
def step_no_configuration(context: Context) -> None:
    """Leave it to the environment."""
    context.state.program.configure_nothing()


@given(r'the environment variable (?P<name>\w+) is "(?P<value>[^"]*)"')
def step_environment(context: Context, name: str, value: str) -> None:
    """Set a variable."""
    context.state.program.environment[name] = context.state.filled(value)


@given(r'I have run "(?P<command>.*)"')
@when(r'I run "(?P<command>.*)"')
def step_run(context: Context, command: str) -> None:
    """Run the program."""
    context.state.run(command)


@when(r'I run "(?P<command>.*)" again')
def step_run_again(context: Context, command: str) -> None:
    """Run it once more."""
    context.state.run(command)


@then(r"the exit code is (?P<code>[0-9]+)")
def step_exit_code(context: Context, code: str) -> None:
    """Compare the exit code."""
    outcome = context.state.outcome
    assert outcome.exit_code == int(code), f"it is {outcome.exit_code}"
    assert "Traceback" not in outcome.stderr


@then(r"it says")
def step_says(context: Context) -> None:
    """Compare the whole narrative, without its level."""
    _assert_lines(_narrative(context.state), context.state.filled(context.text).splitlines())


@then(r'it works on the regions "(?P<names>[^"]*)" in this order')
def step_order(context: Context, names: str) -> None:
    """The heads of the regions in the narrative, the master's own line left out."""
    heads = [line.removeprefix("======") for line in _narrative(context.state) if line.startswith("======")]
    assert heads[0] == "Master is Spain", heads
    assert heads[1:] == names.split(), heads


@then(r"it says, the regions in any order")
def step_says_any_order(context: Context) -> None:
    """Compare the narrative of processes that end when they will; T stands for the seconds that they took."""
    wanted = context.state.filled(context.text).splitlines()
    found = [re.sub(r", \d+ (?:s|min(?: \d+ s)?)$", ", T s", line) for line in _narrative(context.state)]
    head = wanted.index("======Master is Spain") + 1
    _assert_lines(
        [*found[:head], *sorted(found[head:-1]), found[-1]], [*wanted[:head], *sorted(wanted[head:-1]), wanted[-1]]
    )


@then(r"it says nothing")
def step_says_nothing(context: Context) -> None:
    """No line on standard output."""
    assert not context.state.outcome.stdout, context.state.outcome.stdout


@then(r'it says "(?P<line>.*)"')
def step_says_line(context: Context, line: str) -> None:
    """One line of the narrative."""
    found = _narrative(context.state)
    assert context.state.filled(line) in found, "\n".join(found)


@then(r'it does not say "(?P<line>.*)"')
def step_does_not_say(context: Context, line: str) -> None:
    """A line that the narrative does not have."""
    assert context.state.filled(line) not in _narrative(context.state)


@then(r"it warns")
def step_warns(context: Context) -> None:
    """Compare all warnings and errors, and their order."""
    _assert_lines(_troubles(context.state), context.state.filled(context.text).splitlines())


@then(r"it warns of nothing")
def step_warns_nothing(context: Context) -> None:
    """No warning, no error."""
    found = _troubles(context.state)
    assert not found, "\n".join(found)


@then(r'it warns "(?P<line>.*)"')
def step_warns_line(context: Context, line: str) -> None:
    """One of its warnings and errors."""
    found = _troubles(context.state)
    assert context.state.filled(line) in found, "\n".join(found)


@then(r'it names the error "(?P<part>.*)"')
def step_names_error(context: Context, part: str) -> None:
    """A part of the one line that it writes on standard error."""
    found = _troubles(context.state)
    assert len(found) == 1, "\n".join(found)
    assert found[0].startswith("ERROR:"), found[0]
    assert context.state.filled(part) in found[0], found[0]


@then(r"the status is")
def step_status(context: Context) -> None:
    """Compare the rows on standard output and their order."""
    headings = ("status", "region", "image")
    wanted = [[context.state.filled(row[heading]) for heading in headings] for row in context.table]
    found = _rows(context.state.outcome.stdout)
    assert found == wanted, "\n".join(",".join(row) for row in found)


@then(r"every status is (?P<status>\w+)")
def step_every_status(context: Context, status: str) -> None:
    """All rows say the same, and there are some."""
    found = {row[0] for row in _rows(context.state.outcome.stdout)}
    assert found == {status}, found


@then(r"it prints the same as the first time")
def step_same_output(context: Context) -> None:
    """Compare standard output with that of the scenario's first run."""
    outcomes = context.state.outcomes
    first, last = outcomes[0], outcomes[-1]
    assert first.stdout, "the first run printed nothing"
    assert last.stdout == first.stdout, f"first:\n{first.stdout}"


@then(r"it prints")
def step_prints(context: Context) -> None:
    """Compare standard output as it is."""
    _assert_lines(context.state.outcome.stdout.splitlines(), context.state.filled(context.text).splitlines())


@then(r'the file "(?P<pattern>[^"]*)" says')
def step_file(context: Context, pattern: str) -> None:
    """Compare a file's lines, without the time that each begins with."""
    lines = _file(context.state, pattern).read_text(encoding="utf-8").splitlines()
    # date, time, text
    found = [line.split(" ", 2)[2] for line in lines]
    _assert_lines(found, context.state.filled(context.text).splitlines())


@then(r"these files were written, for nobody else to read")
def step_files(context: Context) -> None:
    """Compare the files below the working folder; a star stands for what changes with time."""
    scenario: ScenarioState = context.state
    wanted = {_file(scenario, row["file"]) for row in context.table}
    folder = scenario.program.folder
    found = {path for path in folder.rglob("*") if path.is_file() and path.name != "glancesync.conf"}
    assert found == wanted, sorted(str(path.relative_to(folder)) for path in found)
    for path in found:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert path.parent == folder or stat.S_IMODE(path.parent.stat().st_mode) == 0o700, path.parent


@then(r"no files were written")
def step_no_files(context: Context) -> None:
    """Nothing but the configuration is in the working folder."""
    found = [path.name for path in context.state.program.folder.iterdir() if path.name != "glancesync.conf"]
    assert not found, found


@then(r'the report "(?P<name>[^"]*)" has (?P<number>[0-9]+) uploads with way (?P<way>\w+)')
def step_report(context: Context, name: str, number: str, way: str) -> None:
    """Compare what the report has of every image."""
    document = json.loads(_file(context.state, name).read_text(encoding="utf-8"))
    images = [image for region in document["regions"] for image in region["images"]]
    found = Counter((image["status"], image["action"], image["way"], image["error"]) for image in images)
    assert found == {("pending_upload", "upload", way, None): int(number)}, found


@then(r'the secret "(?P<secret>[^"]*)" is nowhere in its output')
def step_no_secret(context: Context, secret: str) -> None:
    """Neither the data nor the errors give it away."""
    outcome = context.state.outcome
    assert secret not in outcome.stdout + outcome.stderr


@then(r"it names (?P<number>[0-9]+) errors")
def step_names_errors(context: Context, number: str) -> None:
    """A part of each line on standard error, in their order."""
    found = _troubles(context.state)
    assert len(found) == int(number), "\n".join(found)
    for line, row in zip(found, context.table, strict=True):
        assert line.startswith("ERROR:"), line
        assert row["part"] in line, "\n".join(found)


def _narrative(scenario: ScenarioState) -> list[str]:
    return [line.removeprefix("INFO:") for line in _told(scenario.outcome.stdout)]


def _troubles(scenario: ScenarioState) -> list[str]:
    return _told(scenario.outcome.stderr)


def _told(output: str) -> list[str]:
    """The lines of an output but the one that says that the federation is embedded, and the summary."""
    lines, _ = without_summary(output)
    return [line for line in lines.splitlines() if not line.startswith("INFO:Embedded federation ")]


def _rows(text: str) -> list[list[str]]:
    assert text == "" or text.endswith("\r\n"), "rows end with CR LF"
    return list(csv.reader(io.StringIO(text, newline="")))


def _file(scenario: ScenarioState, pattern: str) -> Path:
    found = sorted(scenario.program.folder.glob(pattern))
    assert len(found) == 1, f"{pattern}: {[path.name for path in found]}"
    return found[0]


def _assert_lines(found: Sequence[str], wanted: Sequence[str]) -> None:
    assert list(found) == list(wanted), "\n".join(["it was:", *found])
