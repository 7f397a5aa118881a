"""Which stacks are resolved: templates, environments, and what is nested (vault 5.1)."""

from __future__ import annotations

import pytest

from tests.support.heat_files import mentioned, needed, reasons, resolved

VERSION = "heat_template_version: 2018-08-31\n"
SERVER = VERSION + (
    "parameters: {{{name}: {{type: string, default: {default}}}}}\n"
    "resources: {{s: {{type: OS::Nova::Server, properties: {{image: {{get_param: {name}}}}}}}}}\n"
)
WITHOUT_DEFAULT = VERSION + (
    "parameters: {image: {type: string}}\n"
    "resources: {s: {type: OS::Nova::Server, properties: {image: {get_param: image}}}}\n"
)


def server(default: str, name: str = "image") -> str:
    """A template with one parameter and one server."""
    return SERVER.format(default=default, name=name)


def test_an_environment_is_for_the_templates_of_its_folder() -> None:
    images = resolved(
        {
            "a/main.yaml": server("of-a"),
            "b/main.yaml": WITHOUT_DEFAULT,
            "a/prod.yaml": "parameters: {image: prod-a}",
        }
    )
    assert needed(images) == ["of-a", "prod-a"]
    assert reasons(images) == ["the parameter image has no value"]


@pytest.mark.parametrize("place", ["stack/env/p.yaml", "stack/env/site/p.yaml", "p.yaml", "environments/p.yml"])
def test_an_environment_apart_is_for_the_templates_above_and_else_for_all(place: str) -> None:
    images = resolved({"stack/main.yaml": WITHOUT_DEFAULT, place: "parameters: {image: prod}"})
    assert (needed(images), images.unresolved) == (["prod"], ())


def test_an_environment_is_for_the_nearest_templates_that_have_its_parameters() -> None:
    images = resolved(
        {
            "web/main.yaml": server("web", "web_image"),
            "web/env/prod.yaml": "parameters: {db_image: prod-db}",
            "db.yaml": server("db", "db_image"),
        }
    )
    assert needed(images) == ["db", "prod-db", "web"]


def test_environments_are_not_merged() -> None:
    text = VERSION + (
        "parameters: {a: {type: string, default: a0}, b: {type: string, default: b0}}\n"
        "resources: {s: {type: OS::Nova::Server, properties: "
        "{image: {list_join: ['-', [{get_param: a}, {get_param: b}]]}}}}\n"
    )
    images = resolved({"m.yaml": text, "one.yaml": "parameters: {a: a1}", "two.yaml": "parameters: {b: b1}"})
    assert sorted(needed(images)) == ["a0-b0", "a0-b1", "a1-b0"]


def test_a_parameter_without_value_is_unresolved_only_if_no_environment_gives_it() -> None:
    environments = {"one.yaml": "parameters: {image: one}", "two.yaml": "parameter_defaults: {x: y}"}
    images = resolved({"m.yaml": WITHOUT_DEFAULT, **environments})
    assert (needed(images), images.unresolved) == (["one"], ())


def test_an_environment_without_a_template_is_unresolved() -> None:
    files = {"dev-a/m.yaml": server("a"), "e.yaml": "parameters: {other: x, image: y}"}
    images = resolved(files, frozenset({"dev-a/m.yaml"}))
    assert reasons(images) == ["no template has the parameter other, and Heat refuses the environment"]
    assert mentioned(images) == ["a", "y"]


def test_parameters_of_several_templates_are_no_reason_to_drop_the_environment() -> None:
    files = {"a.yaml": server("a", "one"), "b.yaml": server("b", "two"), "e.yaml": "parameters: {one: e1, two: e2}"}
    images = resolved(files)
    assert sorted(needed(images)) == ["a", "b", "e1", "e2"]
    assert reasons(images) == ["no template has all parameters that the environment gives"]


def test_what_an_excluded_environment_gives_is_only_mentioned() -> None:
    files = {"m.yaml": server("a"), "dev-e.yaml": "parameters: {image: e}"}
    images = resolved(files, frozenset({"dev-e.yaml"}))
    assert (needed(images), mentioned(images)) == (["a"], ["e"])


def test_an_excluded_template_that_another_one_uses_is_a_part_of_it() -> None:
    main = VERSION + "resources: {n: {type: dev-n.yaml, properties: {image: given}}}\n"
    images = resolved({"m.yaml": main, "dev-n.yaml": server("own")}, frozenset({"dev-n.yaml"}))
    assert (needed(images), mentioned(images)) == (["given"], ["own"])


def test_templates_in_a_circle_are_resolved_from_the_first_one() -> None:
    files = {
        "a.yaml": VERSION + "resources: {n: {type: b.yaml}, s: {type: OS::Nova::Server, properties: {image: of-a}}}\n",
        "b.yaml": VERSION + "resources: {n: {type: a.yaml}, s: {type: OS::Nova::Server, properties: {image: of-b}}}\n",
        "c.yaml": VERSION + "resources: {n: {type: c.yaml}, s: {type: OS::Nova::Server, properties: {image: of-c}}}\n",
    }
    images = resolved(files)
    assert needed(images) == ["of-a", "of-b", "of-c"]
    assert reasons(images) == ["a.yaml is nested in itself", "c.yaml is nested in itself"]


def test_a_template_that_only_a_registry_names_is_mentioned_until_a_stack_uses_it() -> None:
    files = {"m.yaml": server("a"), "n.yaml": WITHOUT_DEFAULT, "e.yaml": "resource_registry: {My::N: n.yaml}"}
    images = resolved(files)
    assert (needed(images), images.unresolved) == (["a"], ())


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("https://example.org/n.yaml", "https://example.org/n.yaml is on the network, from which nothing is fetched"),
        ("file:///etc/n.yaml", "file:///etc/n.yaml is outside of the given folders, and is not opened"),
        ("../../n.yaml", "../../n.yaml is outside of the given folders, and is not opened"),
        ("broken.yaml", "broken.yaml cannot be used: a is given twice"),
        ("list.yaml", "list.yaml is no template below the given folders"),
        ("syntax.yaml", "syntax.yaml cannot be read"),
    ],
)
def test_a_link_that_leads_to_no_template_is_unresolved(link: str, reason: str) -> None:
    files = {
        "m.yaml": VERSION + f"resources: {{n: {{type: '{link}'}}}}\n",
        "broken.yaml": VERSION + "a: 1\na: 2\n",
        "list.yaml": "- a\n",
        "syntax.yaml": "[",
    }
    found = [entry for entry in resolved(files).unresolved if entry.position.file == "t/m.yaml"]
    assert [(entry.expression, entry.reason) for entry in found] == [(link, reason)]
