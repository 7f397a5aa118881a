"""The images that Heat itself finds in stacks. A program for the interpreter of Heat's own environment.

It reads cases from standard input, as JSON: for each a list of stacks, each a template and perhaps an environment. It
prints what each stack uses, as JSON. Heat's client reads the files; Heat's engine makes the stack and resolves the
properties of each resource, without a database and without a service. Which properties are images is what Heat says:
those with the constraint ``glance.image``. A stack that Heat refuses has the reason instead.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock
from urllib import request

from heat.common import config, context, environment_format  # noqa: F401  (config has the options)
from heat.engine import constraints, environment, properties, resource, resources, template
from heat.engine import stack as stacks
from heat.engine.clients.os import glance
from heat.engine.resources import stack_resource
from heat.objects import service
from heatclient.common import template_utils
from oslo_config import cfg

IMAGE = "glance.image"
LIMIT = 400
"""How deep Python may call: templates that are nested in each other end after it."""


def main() -> None:
    """Answer all cases."""
    logging.disable(logging.CRITICAL)
    cfg.CONF([], project="heat", default_config_files=[], default_config_dirs=[])
    resources.initialise()
    # No image is looked up, no engine and no database is asked for the members of a group, and nothing is fetched.
    glance.GlanceClientPlugin.find_image_by_name_or_id = lambda self, name: name
    resource.Resource.rpc_client = lambda self: mock.Mock()
    service.Service.active_service_count = lambda account: 1
    request.install_opener(_files_only())
    sys.setrecursionlimit(LIMIT + 200)
    cases = json.load(sys.stdin)
    json.dump([[_answer(*words) for words in case] for case in cases], sys.stdout)


def _files_only() -> Any:
    opener = request.OpenerDirector()
    for handler in (request.FileHandler, request.UnknownHandler):
        opener.add_handler(handler())
    return opener


def _answer(file: str, environment_file: str | None = None) -> dict[str, Any]:
    """What a stack uses, or why Heat refuses it."""
    try:
        stack = _stack(file, environment_file)
        return {"images": sorted(set(_images(stack)))}
    except (Exception, RecursionError) as error:  # noqa: BLE001  (whatever it is, Heat refuses the stack)
        return {"refused": f"{type(error).__name__}: {error}"}


def _stack(file: str, environment_file: str | None) -> Any:
    files, body = template_utils.get_template_contents(template_file=file)
    given: dict[str, Any] = {}
    if environment_file:
        more, given = template_utils.process_environment_and_files(env_path=environment_file)
        files |= more
    environment_format.default_for_missing(given)
    parsed = template.Template(body, files=files, env=environment.Environment(given))
    account = context.RequestContext(
        auth_token="t", user_id="u", project_id="p", auth_url="http://127.0.0.1:9/v3", roles=[], is_admin=False
    )
    made = stacks.Stack(account, "stack", parsed)
    made.t.validate()
    made.parameters._validate_user_parameters()
    return made


def _images(stack: Any, depth: int = 0) -> Iterator[str]:
    """The images of a stack and of those that are nested in it."""
    if depth > 5:
        raise RecursionError("the stacks are nested too deeply")
    for name, parameter in stack.parameters.params.items():
        if _is_image(parameter.schema) and parameter.has_value():
            yield str(stack.parameters[name])
    for name, definition in stack.t.resource_definitions(stack).items():
        try:
            made = resource.Resource(name, definition, stack)
        except Exception:  # noqa: BLE001, S112  (a type that Heat does not have)
            continue
        if isinstance(made, stack_resource.StackResource):
            try:
                nested = made._parse_nested_stack(f"{stack.name}-{name}", made.child_template(), made.child_params())
            except (ValueError, TypeError, KeyError):  # a property without a value
                continue
            yield from _images(nested, depth + 1)
        else:
            yield from _property_images(made.properties)


def _property_images(found: Any) -> Iterator[str]:
    for name, entry in found.props.items():
        try:
            value = found[name]
        except Exception:  # noqa: BLE001, S112  (it has no value)
            continue
        yield from _values(entry.schema, value)


def _values(schema: Any, value: Any) -> Iterator[str]:
    """The values of a property that are images, at any depth."""
    if value in (None, ""):
        return
    if _is_image(schema):
        yield str(value)
    elif schema.schema is not None and schema.type == properties.Schema.LIST:
        for item in value:
            yield from _values(next(iter(schema.schema.values())), item)
    elif schema.schema is not None and schema.type == properties.Schema.MAP:
        for key, part in schema.schema.items():
            yield from _values(part, value.get(key))


def _is_image(schema: Any) -> bool:
    return any(isinstance(each, constraints.CustomConstraint) and each.name == IMAGE for each in schema.constraints)


if __name__ == "__main__":
    main()
