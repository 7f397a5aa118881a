"""The compose file is well formed and as careful as it should be; docker itself is not needed to see that."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from fiwareglancesync import __version__
from fiwareglancesync.api.server_options import SECTIONS
from fiwareglancesync.images.configuration import load_settings
from fiwareglancesync.kinds import option_tables

FOLDER = Path(__file__).resolve().parents[2] / "docker"

WORD, WORDS = {"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string"}, "minItems": 1}
TIME = {"type": "string", "pattern": r"^(\d+(h|m|s))+$"}


def an_object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


SERVICE = an_object(
    ["image", "user", "read_only", "cap_drop", "security_opt", "networks", "restart"],
    image={"type": "string", "pattern": r"^[a-z0-9./-]+:\d[\w.-]*$"},
    build=an_object(["context", "dockerfile", "target"], context=WORD, dockerfile=WORD, target=WORD),
    user={"type": "string", "not": {"pattern": "^(0|root)(:|$)"}},
    init={"const": True},
    restart={"enum": ["unless-stopped", "no"]},
    read_only={"const": True},
    cap_drop={"const": ["ALL"]},
    security_opt={"const": ["no-new-privileges:true"]},
    tmpfs=WORDS,
    env_file=WORDS,
    environment={"type": "object", "additionalProperties": WORD},
    volumes={"type": "array", "items": {"type": "string", "pattern": r"^[\w./-]+:/[\w./-]+(:ro)?$"}},
    networks=WORDS,
    ports={"type": "array", "items": {"type": "string", "pattern": r"^127\.0\.0\.1:\d+:\d+$"}},
    entrypoint=WORDS,
    command=WORDS,
    stop_grace_period=TIME,
    depends_on={
        "type": "object",
        "additionalProperties": an_object(
            ["condition"], condition={"enum": ["service_healthy", "service_completed_successfully"]}
        ),
    },
    healthcheck={
        "oneOf": [
            an_object(["disable"], disable={"const": True}),
            an_object(
                ["test", "interval", "timeout"],
                test=WORDS, interval=TIME, timeout=TIME, start_period=TIME, retries={"type": "integer", "minimum": 1},
            ),
        ]
    },
)  # fmt: skip
NETWORK = an_object([], internal={"type": "boolean"})
SCHEMA = {
    "type": "object",
    "properties": {
        "name": WORD,
        "services": {"type": "object", "additionalProperties": SERVICE, "minProperties": 1},
        "networks": {"type": "object", "additionalProperties": NETWORK},
        "volumes": {"type": "object", "additionalProperties": an_object([])},
    },
    "patternProperties": {"^x-": {"type": "object"}},
    "required": ["name", "services", "networks", "volumes"],
    "additionalProperties": False,
}
"""What of the Compose Specification is used here, and how."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file, read."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Its services."""
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def variables(name: str) -> dict[str, str]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def test_it_is_what_compose_expects(compose: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    found = Draft202012Validator(SCHEMA).iter_errors(compose)
    assert [f"{error.json_path}: {error.message}" for error in found] == []


def test_it_has_a_server_workers_a_broker_and_a_database(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {"server", "worker", "migration", "redis", "database"}


def test_what_is_named_is_there(compose: dict[str, Any], services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        assert set(service["networks"]) <= set(compose["networks"])
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (FOLDER / source).is_file()
        for file in service.get("env_file", []):
            assert (FOLDER / f"{file}.example").is_file()
        if "build" in service:
            assert (FOLDER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
            stages = re.findall(r"^FROM \S+ AS (\S+)$", (FOLDER / "Dockerfile").read_text(encoding="utf-8"), re.M)
            assert service["build"]["target"] in stages


def test_every_service_that_lasts_reports_how_it_is(services: dict[str, dict[str, Any]]) -> None:
    told_by_the_image = {"server"}
    lasting = {name for name, service in services.items() if service["restart"] != "no"}
    assert {name for name in lasting if "test" in services[name].get("healthcheck", {})} == lasting - told_by_the_image
    assert "HEALTHCHECK" in (FOLDER / "Dockerfile").read_text(encoding="utf-8")


def test_broker_and_database_are_reached_from_inside_alone(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    assert compose["networks"]["inside"] == {"internal": True}
    for name in ("redis", "database"):
        assert services[name]["networks"] == ["inside"]
        assert "ports" not in services[name]


def test_no_secret_is_in_it(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|AUTH|URL", name):
                assert re.search(r"\$\{[A-Z_]+:\?", value), name
    needed = set(re.findall(r"\$\{([A-Z_]+):\?", (FOLDER / "compose.yaml").read_text(encoding="utf-8")))
    assert set(variables("passwords.env.example")) == needed
    assert set(variables("passwords.env.example").values()) == {""}
    ignored = (FOLDER.parent / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "docker/*.env" in ignored


def test_the_program_knows_the_variables(services: dict[str, dict[str, Any]]) -> None:
    of_server = {option.variable for options in SECTIONS.values() for option in options if option.variable}
    known = of_server | {"GLANCESYNC_CONFIG", "PGPASSWORD"}
    assert set(services["worker"]["environment"]) <= known
    assert {name for name in variables("glancesync.env.example") if not name.startswith("OS_")} <= known


def test_the_configuration_is_enough() -> None:
    environ = {name: value or "something" for name, value in variables("glancesync.env.example").items()}
    environ |= {"OS_AUTH_URL": "http://keystone:5000/v3", "OS_REGION_NAME": "Spain"}
    settings = load_settings(str(FOLDER / "glancesync.conf"), [], environ, option_tables(), mock=False)
    assert settings.database == "postgresql://glancesync@database/glancesync"
    assert settings.warnings == ()


def test_the_image_has_the_version_of_the_program(services: dict[str, dict[str, Any]]) -> None:
    assert services["server"]["image"].endswith(f":{__version__}")
