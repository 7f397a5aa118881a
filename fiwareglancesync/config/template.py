"""The text of a configuration file with every option, from the same table that reads them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from ..images.settings import MASTER
from .option import DEFAULT, MAIN, Option
from .options import CREDENTIAL_OPTIONS, MAIN_OPTIONS, RULE_OPTIONS, default_text

WIDTH = 88
"""Characters of the longest comment line."""

_INTRODUCTION = (
    "The configuration of GlanceSync. A line that starts with # and a space is a comment; remove the # from "
    "any other to set the option. Where the default is not the best choice, another value is set already. A "
    "value goes on in the next line when that is indented, or after a backslash at the end. Every option "
    "may also be given on the command line: --config section.key=value."
)
_DEFAULT = "What stands here holds for every target that does not say otherwise."
_MASTER = (
    "The target of the master region. What is missing of its credential is taken from the environment: "
    "OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_TENANT_NAME (or OS_PROJECT_NAME), or OS_CLOUD. Let nobody "
    "else read this file when it holds a password."
)
_OTHER = (
    "Any other section is another target: regions that are registered in another Keystone, or that follow "
    "other rules. It may hold every option that [DEFAULT] and [master] may hold, inherits what [DEFAULT] says "
    "and nothing of [master], and needs a credential of its own. Its regions are written federation2:NAME."
)
_OTHER_KEYS = ("credential", "metadata_condition")


def configuration_text() -> str:
    """Write the file that ``glancesync-generate-config`` gives.

    :return: a file that is right as it is and changes no default but those with a recommended value
    """
    others = [option for option in (*CREDENTIAL_OPTIONS, *RULE_OPTIONS) if option.key in _OTHER_KEYS]
    blocks = [
        _comment(_INTRODUCTION),
        f"[{MAIN}]",
        *map(_block, MAIN_OPTIONS),
        f"[{DEFAULT}]",
        _comment(_DEFAULT),
        *map(_block, RULE_OPTIONS),
        f"[{MASTER}]",
        _comment(_MASTER),
        *map(_block, CREDENTIAL_OPTIONS),
        "#[federation2]",
        _comment(_OTHER),
        *map(_line, others),
    ]
    return "\n\n".join(blocks) + "\n"


def _block(option: Option) -> str:
    return f"{_comment(f'{option.help}', f'Default: {default_text(option)}')}\n{_line(option)}"


def _line(option: Option) -> str:
    if option.recommended:
        return f"{option.key} = {option.recommended}"
    value = option.sample or default_text(option)
    return f"#{option.key} = {value}"


def _comment(*paragraphs: str) -> str:
    return "\n".join(_wrapped(paragraphs))


def _wrapped(paragraphs: Iterable[str]) -> Iterable[str]:
    for paragraph in paragraphs:
        for line in textwrap.wrap(paragraph, WIDTH - 2, break_long_words=False, break_on_hyphens=False):
            yield f"# {line}"
