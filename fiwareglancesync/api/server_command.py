"""The command line of the server: ``run.py {gunicornserver,runserver,db,shell}`` (sync 5.4)."""

from __future__ import annotations

import os
import sys

import click
from flask import Flask
from flask.cli import ScriptInfo, shell_command
from flask_migrate.cli import db as db_group

from ..base.errors import ConfigError, GlanceSyncError, NotInstalled, system_error
from ..config.resolving import CHOSEN
from ..serving.start_error import StartError
from ..terminal.standard_outputs import OutputFailed
from .server import develop, serve

PORT = click.IntRange(1, 65535)
OS_CLOUD = click.option(
    "--os-cloud",
    metavar="NAME",
    help="Use this entry of clouds.yaml as the master's account, whatever account the configuration and the environment"
    " name.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """The server of GlanceSync: a REST API that synchronises the images of regions."""


@cli.command()
@click.option("-H", "--host", help="IP address or hostname of the GlanceSync server, or unix:PATH for a unix socket.")
@click.option("-p", "--port", type=PORT, help="Port in which the GlanceSync server is running.")
@click.option(
    "-w",
    "--workers",
    type=click.IntRange(1, 1000),
    help="Number of concurrent workers to be launched, usually 2*core numbers+1.",
)
@OS_CLOUD
def gunicornserver(host: str | None, port: int | None, workers: int | None, os_cloud: str | None) -> None:
    """Run the GlanceSync server application within Gunicorn."""
    _choose(os_cloud)
    serve(host, port, workers)


@cli.command()
@click.option("-t", "--host", help="Address to bind to, or unix:PATH; loopback when it is not given.")
@click.option("-p", "--port", type=PORT, help="Port to bind to.")
@click.option("--threaded", is_flag=True, help="A thread for each request.")
@click.option("--processes", type=click.IntRange(1, 100), default=1, help="A process for each request, so many.")
@click.option("--passthrough-errors", is_flag=True, help="Let errors end the server.")
@click.option("-d", "--no-debug", is_flag=True, help="Without Flask's debug mode.")
@click.option("-r", "--no-reload", is_flag=True, help="Without restarting when a source file changes.")
@OS_CLOUD
def runserver(
    host: str | None,
    port: int | None,
    threaded: bool,
    processes: int,
    passthrough_errors: bool,
    no_debug: bool,
    no_reload: bool,
    os_cloud: str | None,
) -> None:
    """Run the Flask development server i.e. app.run()."""
    _choose(os_cloud)
    if threaded and processes > 1:
        raise click.UsageError("--threaded and --processes exclude each other")
    develop(
        host,
        port,
        debug=not no_debug,
        threaded=threaded,
        processes=processes,
        passthrough_errors=passthrough_errors,
        use_reloader=not no_reload,
    )


cli.add_command(shell_command)
cli.add_command(db_group)


def main() -> None:
    """Run the command line; errors are reported in lines that begin with ERROR."""
    try:
        cli.main(obj=ScriptInfo(create_app=_application))
    except (StartError, ConfigError) as error:
        _end("\n".join(f"ERROR: {problem}" for problem in error.problems))
    except NotInstalled as error:
        _end(f"ERROR: {error}", error.exit_code)
    except OutputFailed as error:
        _end(f"ERROR: {error}")
    except OSError as error:
        _end(f"ERROR: {system_error(error)}")
    except GlanceSyncError as error:
        _end(f"ERROR: {error}")


def _choose(os_cloud: str | None) -> None:
    """Set which entry of ``clouds.yaml`` this process and its children use."""
    if os_cloud is not None:
        os.environ[CHOSEN] = os_cloud


def _application() -> Flask:
    """The application for the commands ``db`` and ``shell``: the database may be at an older revision."""
    from .app import create_app

    return create_app(os.environ, background=False, migrate=False)


def _end(text: str, code: int = 1) -> None:
    print(text, file=sys.stderr)
    sys.exit(code)
