"""The text of a configuration file with every option, from the tables that read it."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Iterator

from .option_tables import DEFAULT, MAIN, MASTER, Option, OptionTables, Sections

WIDTH = 88
"""Characters of the longest comment line."""

_INTRODUCTION = (
    "The configuration of GlanceSync. A line that starts with # and a space is a comment; remove the # from "
    "any other to set the option. Where the default is not the best choice, another value is set already. A "
    "value goes on in the next line when that is indented, or after a backslash at the end. Every option "
    "may also be given on the command line: --config section.key=value."
)
_DEFAULT = "The options of every target; one that its own section has wins."
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


def configuration_text(tables: OptionTables, shown: Collection[str]) -> str:
    """Write a configuration file with every option, its default and a comment.

    :param tables: the options
    :param shown: keys of a target that the section of a further target shows
    :return: a file that is right as it is and changes no default but those with a recommended value
    """

    def block(option: Option) -> str:
        default = tables.default_text(option)
        return f"{_comment(option.help, f'Default: {default}')}\n{_line(option, default)}"

    others = [option for key, option in tables.target_keys.items() if key in shown]
    blocks = [
        _comment(_INTRODUCTION),
        f"[{MAIN}]",
        *map(block, tables.main),
        f"[{DEFAULT}]",
        _comment(_DEFAULT),
        *map(block, tables.rules),
        f"[{MASTER}]",
        _comment(_MASTER),
        *map(block, tables.credential),
        "#[federation2]",
        _comment(_OTHER),
        *(_line(option, tables.default_text(option)) for option in others),
        *_other_sections(tables.others),
    ]
    return "\n\n".join(blocks) + "\n"


def _other_sections(others: Sections) -> Iterator[str]:
    """The sections that are no target's: comments altogether, because such a section is there only if it is needed."""
    for name, load in others.items():
        table = load()
        if table.options:
            yield f"#[{name}NAME]" if name.endswith(":") else f"#[{name}]"
            yield _comment(table.help)
        for option in table.options:
            default = table.default_text(option)
            yield f"{_comment(option.help, f'Default: {default}')}\n#{option.key} = {option.sample or default}"


def _line(option: Option, default: str) -> str:
    if option.recommended:
        return f"{option.key} = {option.recommended}"
    return f"#{option.key} = {option.sample or default}"


def _comment(*paragraphs: str) -> str:
    return "\n".join(_wrapped(paragraphs))


def _wrapped(paragraphs: Iterable[str]) -> Iterable[str]:
    for paragraph in paragraphs:
        for line in textwrap.wrap(paragraph, WIDTH - 2, break_long_words=False, break_on_hyphens=False):
            yield f"# {line}"
