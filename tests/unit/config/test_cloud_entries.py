"""What an entry of clouds.yaml may say, and what is reported about what it may not (sync 2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.config.clouds import read_cloud
from tests.support.cloud_entries import AUTH, Read, problem


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("interface: [internal, public]", "interface", "internal,public"),
        ("interface: internalURL", "interface", "internal"),
        ("endpoint_type: admin", "interface", "admin"),
        ("image_interface: internal\n    interface: admin", "interface", "internal"),
        ("insecure: true", "insecure", True),
        ("insecure: 'True'", "insecure", True),
        ("insecure: false", "insecure", False),
        ("verify: false", "insecure", True),
        ("verify: 'false'", "insecure", True),
        ("verify: true", "insecure", False),
        ("verify: true\n    insecure: true", "insecure", True),
        ("verify: /ca.pem", "cacert", "/ca.pem"),
        ("cacert: ~/ca.pem", "cacert", str(Path.home() / "ca.pem")),
        ("cert: ~/me.crt\n    key: ~/me.key", "cert", str(Path.home() / "me.crt")),
        ("cert: ~/me.crt\n    key: ~/me.key", "key", str(Path.home() / "me.key")),
        (
            "image_endpoint_override: http://glance:9292\n    region_name: Spain",
            "image_endpoints",
            (("Spain", "http://glance:9292"),),
        ),
        ("image_endpoint_override: http://glance:9292", "image_endpoints", (("", "http://glance:9292"),)),
        (
            "regions: [{name: One, values: {image_endpoint_override: 'http://one'}}, Two]",
            "image_endpoints",
            (("One", "http://one"),),
        ),
        ("region-name: Spain\n    image-endpoint-override: http://g", "image_endpoints", (("Spain", "http://g"),)),
        ("project_name: p", "project_name", "p"),
    ],
)
def test_what_openstacksdk_takes(read: Read, line: str, field: str, value: object) -> None:
    found = read(line)
    assert found.fields[field] == value
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("auth", "fields"),
    [
        ("user_id: uid, password: hunter2, project_id: pid", {"user_id": "uid", "project_id": "pid"}),
        ("username: u, password: 123, tenant_name: t", {"username": "u", "password": "123", "project_name": "t"}),
        (
            "username: u, password: hunter2, project_name: p, domain_name: d",
            {"user_domain_name": "d", "project_domain_name": "d"},
        ),
        (
            "username: u, password: hunter2, project_name: p, default_domain_id: d",
            {"user_domain_id": "d", "project_domain_id": "d"},
        ),
    ],
)
def test_ways_to_name_user_and_project(read: Read, auth: str, fields: dict[str, str]) -> None:
    found = read(auth=f"auth: {{auth_url: 'http://cloud:5000', {auth}}}")
    assert {name: found.fields.get(name) for name in fields} == fields
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("kind", "auth", "plugin", "options"),
    [
        ("v3token", "token: hunter2", "v3token", {"token": "hunter2"}),
        ("token", "token: hunter2", "v3token", {"token": "hunter2"}),
        ("v3totp", "username: u, passcode: 123", "v3totp", {"passcode": "123"}),
        (
            "v3oidcpassword",
            "username: u, password: hunter2, identity_provider: idp, protocol: openid, client_id: c, "
            "client_secret: s, access_token_endpoint: 'http://idp/token'",
            "v3oidcpassword",
            {
                "identity_provider": "idp",
                "protocol": "openid",
                "client_id": "c",
                "client_secret": "s",
                "access_token_endpoint": "http://idp/token",
            },
        ),
        (
            "v3oidcaccesstoken",
            "identity_provider: idp, protocol: openid, access_token: hunter2",
            "v3oidcaccesstoken",
            {"identity_provider": "idp", "protocol": "openid", "access_token": "hunter2"},
        ),
    ],
)
def test_other_ways_to_sign_in(read: Read, kind: str, auth: str, plugin: str, options: dict[str, str]) -> None:
    given = f"auth: {{auth_url: 'http://cloud:5000/v3', project_name: p, {auth}}}"
    found = read(f"auth_type: {kind}", auth=given)
    assert found.fields["auth_type"] == plugin
    assert dict(found.fields["auth_options"]) == options
    assert found.warnings == ()


@pytest.mark.parametrize("kind", ["none", "admin_token", "v2token", "v3websso", "v3multifactor", "v3kerberos"])
def test_a_way_to_sign_in_that_does_not_work_is_reported(read: Read, kind: str) -> None:
    reported = problem(lambda: read(f"auth_type: {kind}"))
    assert f"signs in by {kind}, expected auth_type to be one of password, v3applicationcredential, v3oidc" in reported


def test_what_a_way_to_sign_in_needs_is_reported(read: Read) -> None:
    given = "auth: {auth_url: 'http://cloud:5000/v3', project_name: p, identity_provider: idp}"
    reported = problem(lambda: read("auth_type: v3oidcclientcredentials", auth=given))
    assert reported.endswith("v3oidcclientcredentials, for which it lacks client_id, client_secret, protocol in auth")


@pytest.mark.parametrize(
    ("line", "odd"),
    [
        ("regoin_name: Spain", "regoin_name is not understood and has no effect; did you mean region_name?"),
        ("image_service_name: other", "image_service_name is not understood and has no effect"),
        ("force_ipv4: true", "force_ipv4 is not understood and has no effect"),
    ],
)
def test_a_key_that_is_not_understood_is_named(read: Read, folder: Path, line: str, odd: str) -> None:
    assert read(line).warnings == (f"the entry 'fed' of {folder}/clouds.yaml: {odd}",)


def test_likewise_in_auth(read: Read) -> None:
    [warning] = read(auth=AUTH.replace("username", "user_name: x, usrname")).warnings
    assert warning.endswith("auth.usrname is not understood and has no effect; did you mean username?")
    [warning] = read(auth=AUTH.replace("password", "token: hunter2, password")).warnings
    assert warning.endswith("auth.token is not understood and has no effect")


def test_keys_of_other_services_and_of_the_sdk_are_nothing_to_report(read: Read) -> None:
    lines = ("compute_api_version: 2", "volume_endpoint_override: 'http://x'", "networks: []", "image_format: raw")
    assert read(*lines, "api_timeout: 3", "identity_api_version: 3").warnings == ()


class TestRegions:
    @pytest.mark.parametrize("line", ["region_name: Spain", "regions: [Spain]", "regions: [{name: Spain}]"])
    def test_a_single_one_is_the_masters(self, read: Read, line: str) -> None:
        assert read(line).region == "Spain"

    @pytest.mark.parametrize("line", ["region_name: 'Spain,Burgos'", "regions: [Spain, Burgos]", "image_format: raw"])
    def test_of_several_none_is(self, read: Read, line: str) -> None:
        assert read(line).region == ""

    def test_the_image_services_own_wins(self, read: Read) -> None:
        assert read("region_name: Spain", "image_region_name: Burgos").region == "Burgos"

    def test_keys_of_a_single_one_hold(self, read: Read) -> None:
        found = read("regions: [{name: Spain, values: {interface: internal, auth: {project_name: q}}}]")
        assert (found.fields["interface"], found.fields["project_name"]) == ("internal", "q")
        assert found.fields["username"] == "u"

    def test_keys_of_several_do_not_but_for_the_address(self, read: Read) -> None:
        found = read("regions: [{name: Spain, values: {interface: internal}}, Burgos]")
        assert "interface" not in found.fields
        assert "interface of region Spain has no effect" in found.warnings[0]

    @pytest.mark.parametrize("line", ["regions: [[1]]", "regions: [{values: {}}]", "regions: {a: 1}", "regions: 7"])
    def test_another_form_is_reported(self, read: Read, line: str) -> None:
        assert "regions: expected names, or keys name and values" in problem(lambda: read(line))


class TestProfiles:
    @pytest.mark.parametrize("vendor", ["ovh", "vexxhost", "https://vendor.example.org"])
    @pytest.mark.parametrize("key", ["profile", "cloud"])
    def test_one_on_the_network_is_not_fetched(self, read: Read, vendor: str, key: str) -> None:
        reported = problem(lambda: read(f"{key}: '{vendor}'", auth="auth: {username: u, password: hunter2}"))
        assert f"takes its profile '{vendor}' from the network, which is not read; write auth_url" in reported

    def test_nor_missed_where_the_entry_says_all(self, read: Read) -> None:
        found = read("profile: ovh")
        assert found.fields["auth_url"] == "http://cloud:5000/v3"
        assert "the profile 'ovh' is on the network, which is not read" in found.warnings[0]

    def test_one_that_openstacksdk_brings_along_is_taken(self, read: Read) -> None:
        found = read("profile: ovh-us", auth="auth: {username: u, password: hunter2, project_name: p}")
        assert found.fields["auth_url"] == "https://auth.cloud.ovh.us/"
        assert (found.region, found.warnings) == ("", ())
        found = read("profile: ovh-us", "region_name: US-WEST-OR", auth="auth: {username: u, password: hunter2}")
        assert found.region == "US-WEST-OR"

    def test_one_of_a_file_is_taken(self, read: Read, folder: Path) -> None:
        (folder / "clouds-public.yaml").write_text(
            "public-clouds: {mine: {auth: {auth_url: 'http://{region_name}.example.org'}, region_name: Spain}}"
        )
        found = read("profile: mine", auth="auth: {username: u, password: hunter2, project_name: p}")
        assert (found.fields["auth_url"], found.region) == ("http://Spain.example.org", "Spain")

    def test_an_unknown_one_is_reported_with_the_nearest(self, read: Read) -> None:
        [warning] = read("profile: vexhost").warnings
        assert warning.endswith("there is no profile 'vexhost', so nothing is taken from it; did you mean vexxhost?")

    def test_one_that_is_shut_down_is_reported(self, read: Read, folder: Path) -> None:
        profiles = "gone: {status: shutdown, message: in 2020}, old: {status: deprecated, message: use new}"
        (folder / "clouds-public.yaml").write_text(f"public-clouds: {{{profiles}}}")
        assert "the profile 'gone' is of a cloud that is shutdown: in 2020" in problem(lambda: read("profile: gone"))
        assert "is deprecated: use new" in read("profile: old").warnings[0]


class TestFiles:
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("clouds:\n  fed:\n    auth: {a: hunter2\n  x: y\n", 4),
            ("clouds:\n  fed:\n    password: *hunter2\n", 3),
            ("clouds:\n  fed:\n    password: !hunter2 x\n", 3),
            ("clouds:\n\tfed: 1\n", 2),
            ("clouds:\n  fed:\n    password: %hunter2\n", 3),
        ],
    )
    def test_a_mistake_is_reported_with_its_line(self, folder: Path, text: str, line: int) -> None:
        (folder / "clouds.yaml").write_text(text)
        reported = problem(lambda: read_cloud("fed", {}))
        assert reported.startswith(f"{folder}/clouds.yaml:{line}: cannot be read as YAML from column ")

    def test_likewise_in_json(self, folder: Path) -> None:
        (folder / "clouds.json").write_text('{"clouds":\n {"fed": hunter2}}')
        reported = problem(lambda: read_cloud("fed", {}))
        assert reported.startswith(f"{folder}/clouds.json:2: cannot be read as JSON from column 10 on")

    @pytest.mark.parametrize("text", ["- fed\n", "clouds: [fed]\n", "fed\n"])
    def test_another_form_is_reported(self, folder: Path, text: str) -> None:
        (folder / "clouds.yaml").write_text(text)
        assert "expected" in problem(lambda: read_cloud("fed", {}))

    @pytest.mark.parametrize("entry", ["7", "[auth]", "{auth: hunter2}", "{profile: [x]}"])
    def test_an_entry_of_another_form_is_reported(self, folder: Path, entry: str) -> None:
        (folder / "clouds.yaml").write_text(f"clouds: {{fed: {entry}}}\n")
        assert problem(lambda: read_cloud("fed", {})).startswith(f"the entry 'fed' of {folder}/clouds.yaml")

    def test_the_nearest_entry_is_named(self, read: Read) -> None:
        read()
        assert problem(lambda: read_cloud("Feds", {})).endswith("it has: fed; did you mean fed?")

    def test_secrets_may_have_a_file_of_their_own(self, read: Read, folder: Path) -> None:
        (folder / "secure.yaml").write_text("clouds: {fed: {auth: {password: hunter2}}}")
        found = read(auth="auth: {auth_url: 'http://cloud:5000/v3', username: u, project_name: p}")
        assert (found.fields["password"], found.fields["username"]) == ("hunter2", "u")
        (folder / "secure.yaml").write_text("clouds: {fed: {auth: {password: *hunter2}}}")
        assert problem(read).startswith(f"{folder}/secure.yaml:1: cannot be read as YAML")

    def test_a_file_that_may_not_be_read_is_passed_over_unless_it_is_named(
        self, read: Read, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read()
        (folder / "clouds.json").write_text('{"clouds": {"second": {}}}')
        whole = Path.open

        def refuse(path: Path, *words: Any, **named: Any) -> Any:  # root, who may run the tests, reads every file
            if path.name == "clouds.yaml":
                raise PermissionError(13, "Permission denied")
            return whole(path, *words, **named)

        monkeypatch.setattr(Path, "open", refuse)
        assert read_cloud("second", {}).file == str(folder / "clouds.json")
        named = {"OS_CLIENT_CONFIG_FILE": str(folder / "clouds.yaml")}
        assert "which OS_CLIENT_CONFIG_FILE names, cannot be read: Permission denied" in problem(
            lambda: read_cloud("second", named)
        )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("interface: private", "interface: found 'private', expected public, internal or admin, or a list of them"),
        ("interface: [internal, x]", "expected public, internal or admin"),
        ("image_endpoint_override: glance:9292", "image_endpoint_override: expected an address that starts with"),
        ("cacert: ~nobody-of-that-name/ca", "cacert: found '~nobody-of-that-name/ca', expected the name of a file"),
    ],
)
def test_a_wrong_value_is_reported(read: Read, line: str, expected: str) -> None:
    assert expected in problem(lambda: read(line))


class TestOtherTargets:
    """That an entry cannot be used concerns only those who ask for its target."""

    TEXT = "[other]\ncloud = fed\n"

    @pytest.fixture
    def broken(self, folder: Path) -> Path:
        (folder / "clouds.yaml").write_text("clouds: {fed: {profile: ovh}}")
        return folder

    def test_it_is_a_warning_for_all_others(self, reading: Any, broken: Path) -> None:
        settings = reading.settings(self.TEXT)
        [warning] = settings.warnings
        assert settings.targets["other"].problem == warning.text
        assert warning.text.startswith(f"{reading.file}:2: [other] cloud: the entry 'fed' of ")

    def test_it_is_an_error_for_those_who_ask(self, reading: Any, broken: Path) -> None:
        from fiwareglancesync.base.errors import ConfigError
        from fiwareglancesync.images.configuration import check_targets

        settings = reading.settings(self.TEXT + "[unknown]\ncloud = nowhere\n")
        check_targets(settings, ["master", "none"])
        with pytest.raises(ConfigError) as refused:
            check_targets(settings, ["master", "other"])
        assert refused.value.problems == [settings.targets["other"].problem]
        assert refused.value.warnings == [settings.targets["unknown"].problem]

    def test_of_the_master_it_is_one_for_all(self, reading: Any, broken: Path) -> None:
        assert "from the network, which is not read" in reading.problems("[master]\ncloud = fed\n")[0]
