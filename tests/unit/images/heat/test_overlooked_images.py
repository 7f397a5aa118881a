"""Images that templates need in ways that are easily overlooked: they are not to be removed (vault 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fiwareglancesync.images.heat.template_images import TemplateImages
from fiwareglancesync.images.heat.template_reading import read_templates
from tests.support.heat_files import mentioned, needed, reasons, resolved

VERSION = "heat_template_version: 2018-08-31\n"


def resources(kind: str, properties: str) -> str:
    """A template with one resource."""
    return f"{VERSION}resources: {{r: {{type: {kind}, properties: {properties}}}}}\n"


def read(folder: Path, texts: Mapping[str, str]) -> TemplateImages:
    """What files below a folder name.

    :param texts: contents by name
    """
    for name, text in texts.items():
        (folder / name).write_text(text)
    return read_templates([folder])


class TestTypes:
    @pytest.mark.parametrize(
        "kind",
        [
            *("My::Server", "OS::TripleO::Controller", "os::nova::server", "OS::Nova", "'OS::Nova::Server '"),
            *("OS::Nova::Servers", "OS::Cinder::Volumes", "OS::Magnum::Clustertemplate"),
        ],
    )
    def test_a_type_that_no_environment_explains_is_unresolved(self, kind: str) -> None:
        images = resolved({"main.yaml": resources(kind, "{image: ubuntu}")})
        kind = kind.strip("'")
        assert reasons(images) == [f"Heat has no type {kind}, and no environment of this template says what it is"]

    def test_so_is_one_of_the_members_of_a_group(self) -> None:
        images = resolved({"main.yaml": resources("OS::Heat::ResourceGroup", "{resource_def: {type: My::Server}}")})
        assert len(images.unresolved) == 1

    @pytest.mark.parametrize("kind", ["OS::Nova::Server", "OS::TripleO::Own"])
    def test_a_type_that_an_environment_explains_is_not(self, kind: str) -> None:
        text = f"resource_registry: {{My::Server: {kind}, OS::TripleO::Own: OS::Nova::Server}}"
        images = resolved({"main.yaml": resources("My::Server", "{image: ubuntu}"), "env.yaml": text})
        assert (needed(images), images.unresolved) == (["ubuntu"], ())

    def test_properties_that_may_be_images_are_mentioned(self) -> None:
        profile = "{type: os.nova.server-1.0, properties: {image: one, block_device_mapping_v2: [{uuid: two}]}}"
        images = resolved(
            {
                "a.yaml": resources("OS::Senlin::Profile", profile),
                "b.yaml": resources("OS::Glance::WebImage", "{kernel_id: three, ramdisk_id: four}"),
                "c.yaml": resources("OS::Sahara::ImageRegistry", "{image: five, username: ubuntu}"),
            }
        )
        assert (needed(images), mentioned(images)) == ([], ["one", "two", "four", "three", "five"])

    def test_of_those_an_unknown_value_is_unresolved(self) -> None:
        profile = "{properties: {image: {get_attr: [a, b]}}}"
        assert resolved({"a.yaml": resources("OS::Senlin::Profile", profile)}).unresolved


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ("'image: ubuntu'", "it is no mapping"),
        ("[{image: ubuntu}]", "it is no mapping"),
        ("{block_device_mapping_v2: {image: ubuntu}}", "it is no list"),
        ("{block_device_mapping_v2: '[]'}", "it is no list"),
        ("{block_device_mapping_v2: [ubuntu]}", "it is no mapping"),
    ],
)
def test_a_value_of_another_kind_than_expected_is_unresolved(properties: str, reason: str) -> None:
    assert set(reasons(resolved({"a.yaml": resources("OS::Nova::Server", properties)}))) == {reason}


@pytest.mark.parametrize("properties", ["null", "{}", "{block_device_mapping_v2: null}"])
def test_a_value_that_is_empty_is_none(properties: str) -> None:
    assert resolved({"a.yaml": resources("OS::Nova::Server", properties)}).unresolved == ()


@pytest.mark.parametrize(
    ("version", "section"),
    [
        ("heat_template_version", "Resources"),
        ("heat_template_version", "PARAMETERS"),
        ("AWSTemplateFormatVersion", "resources"),
        ("HeatTemplateFormatVersion", "RESOURCES"),
    ],
)
def test_a_section_of_the_other_kind_of_template_is_unresolved(version: str, section: str) -> None:
    images = resolved({"good.yaml": VERSION, "a.yaml": f"{version}: '2012-12-12'\n{section}: {{}}\n"})
    assert reasons(images) == [f"a template with {version} has no section {section}"]


class TestEnvironments:
    TEMPLATE = VERSION + (
        "parameters: {release: {type: string, default: '20.04'}}\n"
        "resources: {s: {type: OS::Nova::Server, properties: "
        "{image: {list_join: ['-', [ubuntu, {get_param: release}]]}}}}\n"
    )
    OTHER = f"{VERSION}parameters: {{release: {{type: string, default: ''}}}}\n"

    @pytest.mark.parametrize("section", ["parameters", "parameter_defaults"])
    def test_templates_that_are_not_the_nearest_mention_what_they_use_with_an_environment(self, section: str) -> None:
        files = {
            "templates/main.yaml": self.TEMPLATE,
            "other.yaml": self.OTHER,
            "envs/prod.yaml": f"{section}: {{release: '22.04'}}",
        }
        images = resolved(files)
        assert (needed(images), mentioned(images)) == (["ubuntu-20.04"], ["ubuntu-22.04"])

    @pytest.mark.parametrize("name", ["prod.env", "PROD.ENV"])
    def test_environments_that_end_in_env_are_mentioned(self, tmp_path: Path, name: str) -> None:
        images = read(tmp_path, {"main.yaml": self.TEMPLATE, name: "parameters: {release: '22.04'}"})
        assert (needed(images), mentioned(images)) == (["ubuntu-20.04"], ["ubuntu-22.04"])

    def test_one_that_the_user_names_is_needed(self, tmp_path: Path) -> None:
        read(tmp_path, {"main.yaml": self.TEMPLATE, "prod.env": "parameters: {release: '22.04'}"})
        assert needed(read_templates([tmp_path], [tmp_path / "prod.env"])) == ["ubuntu-20.04", "ubuntu-22.04"]

    @pytest.mark.parametrize("text", ["A=1\nB='x'\n", 'A="x: y"\n\tB: [', VERSION, ""])
    def test_other_files_that_end_in_env_are_none(self, tmp_path: Path, text: str) -> None:
        images = read(tmp_path, {"main.yaml": self.TEMPLATE, "docker.env": text})
        assert (needed(images), images.unresolved, images.files) == (["ubuntu-20.04"], (), 1)


@pytest.mark.parametrize("name", ["Main.YAML", "main.Template", "main.YML", "main.JSON"])
def test_files_that_end_in_capital_letters_are_mentioned(tmp_path: Path, name: str) -> None:
    images = read(tmp_path, {"other.yaml": VERSION, name: resources("OS::Nova::Server", "{image: ubuntu}")})
    assert (needed(images), mentioned(images), images.files) == ([], ["ubuntu"], 1)
