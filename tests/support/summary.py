"""The summary at the end of standard error (sync 1.4)."""

from __future__ import annotations

import re

SUMMARY = re.compile(r"^INFO:(?:\d\d:\d\d:\d\d )?(\d+ (?:of \d+ )?regions?: .*)\n", re.MULTILINE)

DURATION = re.compile(r"\b\d+ (?:s|min(?: \d+ s)?)(?!\w)")
"""How long something took, of less than an hour."""

END = re.compile(r"(?:DEBUG:.*\n)*(?:ERROR:Interrupted; .*\n)?")
"""What may follow the summary: with ``--debug``, queries that nobody waits for; the last line of an interrupted run."""


def without_durations(text: str) -> str:
    """A text with ``N s`` for how long something took.

    :param text: what the program wrote
    """
    return DURATION.sub("N s", text)


def without_summary(err: str) -> tuple[str, str]:
    """Standard error without the summary, and the summary; "" when there is none.

    :param err: standard error
    """
    found = SUMMARY.search(err)
    if found is None:
        return err, ""
    assert END.fullmatch(err, found.end()), f"the summary is not the last line: {err}"
    return err[: found.start()] + err[found.end() :], found[1]
