"""The directives of the handbook; each has its text written by a module of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from . import command_line, configuration, http_api, server_settings


class Generated(SphinxDirective):
    """A directive whose content is written while the handbook is built."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> Sequence[nodes.Node]:
        """Write the content, and read it as if it stood in the page."""
        return self.parse_text_to_nodes(self.text(), allow_section_headings=True)

    @abstractmethod
    def text(self) -> str:
        """The content, in reStructuredText."""


class ConfigurationKeys(Generated):
    """``.. configuration-keys:: main|rules|credential|SECTION``: the keys of a part of the configuration."""

    def text(self) -> str:
        """Write the keys."""
        return configuration.keys(self.arguments[0])


class ArgparseOptions(Generated):
    """``.. argparse-options:: PROGRAM``: the options of a command that is made with argparse."""

    def text(self) -> str:
        """Write the options."""
        return command_line.argparse_options(self.arguments[0])


class CommandWords(Generated):
    """``.. command-words::``: the words that are commands of their own."""

    required_arguments = 0

    def text(self) -> str:
        """Write the words."""
        return command_line.command_words()


class ClickCommands(Generated):
    """``.. click-commands:: PROGRAM``: the commands of the server's program."""

    def text(self) -> str:
        """Write the commands."""
        return command_line.click_commands(self.arguments[0])


class Routes(Generated):
    """``.. api-routes:: TAG``: the routes of the API that have a tag."""

    def text(self) -> str:
        """Write the routes."""
        return http_api.routes(self.arguments[0])


class Schemas(Generated):
    """``.. api-schemas::``: the shapes of what the API takes and gives."""

    required_arguments = 0

    def text(self) -> str:
        """Write the shapes."""
        return http_api.schemas()


class ServerKeys(Generated):
    """``.. server-keys:: settings|openstack``: the keys of a section of the server's file."""

    def text(self) -> str:
        """Write the keys."""
        return server_settings.keys(self.arguments[0])
