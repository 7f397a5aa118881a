"""Which file is read, what its keys become, and how all that is wrong is reported at once (sync 2)."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from fiwareglancesync.base.errors import ConfigError, UsageError
from fiwareglancesync.config import reader
from fiwareglancesync.images.configuration import load_settings
from fiwareglancesync.images.settings import Settings
from fiwareglancesync.kinds import option_tables

DIGEST = "9046fd22131a96502cb0d85b4a406a5a"

SEED = """\
[main]
master_region = Spain
preferable_order = Trento, Lannion,, Berlin
max_children = 4
images_dir = /srv/images

[DEFAULT]
forcesyncs = 6e240dd4-e304-4599-b7d8-e38e13cef058
metadata_condition = image.is_public and\\
('nid' in image.user_properties or 'type' in image.user_properties)
metadata_set = nid , type, sdc_aware, nid_version
only_tenant_images = True
support_obsolete_images = True
obsolete_syncprops = sdc_aware
list_images_timeout = 30
use_keystone_v3 = False

[master]
credential = user,c2VjcmV0,http://server:4730/v2.0,tenantid1
ignore_regions = Spain1

[experimental]
credential = user2,W91c2x5X2RpZF95b3VfdGhpbmtfdGhpc193YXNfdGhlX3JlYWxfcGFzc3dvcmQ/,http://server2:4730/v2.0,tenantid2
metadata_condition = image.is_public and image.user_properties.get('type', None) == 'baseimages'
"""


def test_a_file_as_of_version_1_7_is_read(reading: Any) -> None:
    settings = reading.settings(SEED, environ={})
    assert settings.master_region == "Spain"
    assert settings.preferable_order == ("Trento", "Lannion", "Berlin")
    assert settings.max_children == 4
    assert settings.images_dir == Path("/srv/images")
    assert list(settings.targets) == ["master", "experimental"]
    master, experimental = settings.targets.values()
    assert master.ignore_regions == ("Spain1",)
    assert master.metadata_set == experimental.metadata_set == {"nid", "type", "sdc_aware", "nid_version"}
    assert master.credential.password == "secret"
    assert experimental.credential.username == "user2"
    assert master.metadata_condition != experimental.metadata_condition


def test_the_environment_alone_is_enough(reading: Any) -> None:
    settings: Settings = reading.settings()
    assert settings.source == "environment"
    assert settings.master_region == "Spain"
    assert list(settings.targets) == ["master"]
    credential = settings.master.credential
    assert (credential.username, credential.password, credential.project_name) == (
        "admin",
        "pass word",
        "tenant",
    )
    assert (credential.user_domain_name, credential.project_domain_name) == ("Default", "Default")
    assert settings.warnings == ()


def test_without_anything_every_missing_variable_is_named(reading: Any) -> None:
    problems = reading.problems(environ={})
    assert len(problems) == 5
    for variable in ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_TENANT_NAME", "OS_REGION_NAME"):
        assert sum(variable in problem for problem in problems) == 1


class TestWhichFile:
    def write(self, path: Path, region: str) -> str:
        path.write_text(f"[main]\nmaster_region = {region}\n")
        return str(path)

    def test_the_option_wins_over_the_variable_over_the_system(self, reading: Any, tmp_path: Path) -> None:
        named = self.write(tmp_path / "named.conf", "Named")
        variable = self.write(tmp_path / "variable.conf", "Variable")
        self.write(reader.SYSTEM_FILE, "System")
        environ = reading.edit([("GLANCESYNC_CONFIG", variable)])
        assert load_settings(named, [], environ, option_tables()).master_region == "Named"
        assert load_settings(None, [], environ, option_tables()).master_region == "Variable"
        settings = load_settings(None, [], reading.environment, option_tables())
        assert settings.master_region == "System"
        assert settings.source == str(reader.SYSTEM_FILE)

    def test_an_empty_variable_counts_as_not_set(self, reading: Any) -> None:
        assert reading.settings(environ=reading.edit([("GLANCESYNC_CONFIG", "")])).source == "environment"

    def test_a_named_file_that_is_missing_is_an_error(self, reading: Any) -> None:
        with pytest.raises(
            ConfigError, match=r"^/no/such: the configuration file \(--conf\) cannot be read: No such"
        ):
            load_settings("/no/such", [], reading.environment, option_tables())
        with pytest.raises(ConfigError, match=r"\(GLANCESYNC_CONFIG\) cannot be read"):
            load_settings(None, [], reading.edit([("GLANCESYNC_CONFIG", "/no/such")]), option_tables())

    def test_a_folder_is_no_file(self, reading: Any, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="Is a directory"):
            load_settings(str(tmp_path), [], reading.environment, option_tables())

    def test_a_file_that_may_not_be_read_is_an_error(
        self, reading: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:  # root, who may run the tests, reads every file
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(ConfigError, match="Permission denied"):
            load_settings("secret.conf", [], reading.environment, option_tables())

    def test_a_pipe_is_read(self, reading: Any) -> None:
        read, write = os.pipe()
        os.write(write, b"[main]\nmaster_region = Pipe\n[master]\npassword = x\n")
        os.close(write)
        settings = load_settings(f"/dev/fd/{read}", [], reading.environment, option_tables())
        os.close(read)
        assert settings.master_region == "Pipe"

    def test_something_endless_is_refused(self, reading: Any) -> None:
        with pytest.raises(ConfigError, match="larger than 4 MiB"):
            load_settings("/dev/zero", [], reading.environment, option_tables())

    def test_a_path_that_cannot_be_is_an_error(self, reading: Any) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            load_settings("a\0b", [], reading.environment, option_tables())


class TestOverrides:
    def test_they_win_over_the_file(self, reading: Any) -> None:
        settings = reading.settings("[main]\nmax_children = 2\n", "main.max_children=3")
        assert settings.max_children == 3

    def test_a_bare_key_goes_to_default(self, reading: Any) -> None:
        text = "[DEFAULT]\nmetadata_set = a\n[other]\ncredential=u,cA==,http://k,t\nmetadata_set = own\n"
        settings = reading.settings(text, "metadata_set=nid,type")
        assert settings.master.metadata_set == {"nid", "type"}
        assert settings.targets["other"].metadata_set == {"own"}

    def test_a_bare_key_of_main_goes_to_main(self, reading: Any) -> None:
        text = "[main]\nimages_dir = /file\nmax_children = 2\n"
        settings = reading.settings(text, "images_dir=/tmp/x", "max_children=3")
        assert settings.images_dir == Path("/tmp/x")
        assert settings.max_children == 3
        assert settings.warnings == ()

    def test_values_may_hold_equals_signs(self, reading: Any) -> None:
        assert (
            reading.settings(None, "metadata_condition=image.name == 'x=y'").master.metadata_condition
            is not None
        )

    def test_a_missing_section_is_created(self, reading: Any) -> None:
        settings = reading.settings(
            None, "my.target.credential=u,cA==,http://k,t", "my.target.replace=any"
        )
        assert settings.targets["my.target"].replace == {"any"}

    def test_the_last_of_two_wins(self, reading: Any) -> None:
        assert reading.settings(None, "max_children=2", "max_children=3").max_children == 3

    def test_a_credential_wins_over_single_keys_of_the_file(self, reading: Any) -> None:
        encoded = base64.b64encode(b"new").decode()
        text = "[master]\nuser = old\npassword = old\n"
        credential = reading.settings(text, f"master.credential=u,{encoded},http://k,t").master.credential
        assert (credential.username, credential.password) == ("u", "new")

    @pytest.mark.parametrize("word", ["region1", "main.master_region", "=x", "main.=x", ".key=x"])
    def test_a_word_that_is_no_assignment(self, reading: Any, word: str) -> None:
        with pytest.raises(UsageError) as caught:
            load_settings("/no/such", ["a=b", word], reading.environment, option_tables())
        assert str(caught.value) == f"--config {word}: expected SECTION.KEY=VALUE or KEY=VALUE"
        assert caught.value.exit_code == 2

    def test_errors_say_where_they_come_from(self, reading: Any) -> None:
        assert reading.problems(None, "max_children=many") == [
            "--config: [main] max_children: found 'many', expected a positive whole number"
        ]


def test_everything_wrong_is_reported_at_once(reading: Any) -> None:
    text = (
        "[main]\nmax_children = 0\nmax_children = 1\nnonsense\n"
        "[DEFAULT]\nlist_images_timeout = x\nmetadata_condition = image.nam\n"
        "[other]\nonly_tenant_images = x\nuser = u\n"
    )
    problems = reading.problems(text, environ={})
    where = [problem.partition(" ")[0] for problem in problems]
    assert {"FILE:2:", "FILE:3:", "FILE:4:", "FILE:6:", "FILE:7:", "FILE:9:"} <= set(where)
    assert sum("[other]" in problem and "missing" in problem for problem in problems) == 3
    assert sum("master region is missing" in problem for problem in problems) == 1


def test_an_error_in_default_is_reported_once(reading: Any) -> None:
    text = "[DEFAULT]\nlist_images_timeout = x\n[a]\ncredential=u,cA==,http://k,t\n[b]\ncredential=u,cA==,http://k,t\n"
    assert len(reading.problems(text)) == 1


def test_a_bad_condition_points_into_the_expression(reading: Any) -> None:
    problems = reading.problems("[master]\nmetadata_condition = image.is_public and image.sise > 3\n")
    assert problems[0].startswith(
        "FILE:2: [master] metadata_condition: column 21, at 'image.sise': "
        "this attribute is not permitted, did you mean size?"
    )


class TestWarnings:
    def test_an_unknown_key_with_the_nearest_known_name(self, reading: Any) -> None:
        assert reading.warnings("[master]\nmetdata_set = a\nzzz = 1\n") == [
            "FILE:2: [master] metdata_set: unknown key, ignored; did you mean metadata_set?",
            "FILE:3: [master] zzz: unknown key, ignored",
        ]

    def test_a_key_in_the_wrong_section(self, reading: Any) -> None:
        text = "[main]\nreplace = any\n[DEFAULT]\nmax_children = 3\ntemplates = a\n"
        assert reading.warnings(text) == [
            "FILE:2: [main] replace: has no effect here; it belongs in [DEFAULT] or the section of a target",
            "FILE:4: [DEFAULT] max_children: has no effect here; it belongs in [main]",
            "FILE:5: [DEFAULT] templates: has no effect here; it belongs in [vault:NAME]",
        ]
        assert reading.settings(text).max_children == 1

    @pytest.mark.parametrize(
        ("name", "meant"),
        [("Main", "main"), ("default", "DEFAULT"), ("maestr", "master"), ("mian", "main"), ("volume", "volumes")],
    )
    def test_a_misspelt_section(self, reading: Any, name: str, meant: str) -> None:
        assert reading.warnings(f"[{name}]\nreplace = any\n") == [
            f"FILE:1: unknown section [{name}], ignored; did you mean [{meant}]? "
            "(the section of a target holds its credential)"
        ]

    def test_a_section_with_only_keys_of_main(self, reading: Any) -> None:
        assert "did you mean [main]?" in reading.warnings("[global]\nmax_children = 3\n")[1]

    def test_a_similar_name_with_a_credential_is_a_target(self, reading: Any) -> None:
        settings = reading.settings("[master2]\ncredential = u,cA==,http://k,t\n")
        assert list(settings.targets) == ["master", "master2"]
        assert settings.warnings == ()

    def test_any_in_dontupdate_and_is_public_in_metadata_set(self, reading: Any) -> None:
        first, second = reading.warnings("[DEFAULT]\ndontupdate = any\nmetadata_set = nid, is_public\n")
        assert "'any' has no meaning here" in first
        assert "is_public is no user property" in second

    def test_forcesyncs_that_is_no_uuid(self, reading: Any) -> None:
        text = "[DEFAULT]\nforcesyncs = 6e240dd4-e304-4599-b7d8-e38e13cef058, name\n"
        assert reading.warnings(text) == [
            "FILE:2: [DEFAULT] forcesyncs: 'name' is no UUID; it will match no image"
        ]
        assert reading.warnings(text, mock=True) == []

    @pytest.mark.parametrize(("mode", "count"), [(0o600, 0), (0o640, 1), (0o604, 1), (0o666, 1)])
    @pytest.mark.parametrize(
        "line",
        ["[master]\npassword = x", "[main]\ndatabase = mysql://u:p@h/d", "[DEFAULT]\ncredential=,cA==,,"],
    )
    def test_a_file_with_a_secret_that_others_may_read(
        self, reading: Any, line: str, mode: int, count: int
    ) -> None:
        reading.settings(line + "\n")
        reading.file.chmod(mode)
        warnings = load_settings(str(reading.file), [], reading.environment, option_tables()).warnings
        assert [("chmod 600" in warning.text) for warning in warnings] == [True] * count

    def test_a_file_without_secret_may_be_read_by_all(self, reading: Any) -> None:
        reading.settings("[main]\ndatabase = sqlite:///x\n[master]\npassword =\n")
        reading.file.chmod(0o644)
        words = ["master.password=x"]
        assert load_settings(str(reading.file), words, reading.environment, option_tables()).warnings == ()


@pytest.mark.parametrize("name", ["a:b", "a\x07b"])
def test_names_that_no_target_can_have(reading: Any, name: str) -> None:
    problems = reading.problems(f"[{name}]\ncredential = u,cA==,http://k,t\n")
    assert len(problems) == 1
    assert "expected a target, with no colon or control character in its name" in problems[0]
    assert "\x07" not in problems[0]


@pytest.mark.parametrize("name", ["a/b", "ñandú", "with space", "x.y"])
def test_other_names_are_fine(reading: Any, name: str) -> None:
    assert list(reading.settings(f"[{name}]\ncredential = u,cA==,http://k,t\n").targets) == ["master", name]


def test_master_comes_first_and_the_others_in_file_order(reading: Any) -> None:
    line = "credential = u,cA==,http://k,t"
    settings = reading.settings(f"[z]\n{line}\n[a]\n{line}\n[master]\n{line}\n")
    assert list(settings.targets) == ["master", "z", "a"]


class TestEmbedded:
    def test_no_credentials_are_required(self, reading: Any) -> None:
        settings = reading.settings(
            "[main]\nmaster_region = Spain\n[master]\ntenant = fed\n[other]\n[master2]\n",
            environ={},
            mock=True,
        )
        assert list(settings.targets) == ["master", "other", "master2"]
        assert settings.master.mock_project == "fedid"
        assert settings.warnings == ()

    def test_the_tenant_comes_from_the_environment_when_it_is_there(self, reading: Any) -> None:
        assert reading.settings(mock=True).master.mock_project == "tenantid"

    def test_a_cloud_that_cannot_be_read_does_not_matter(self, reading: Any) -> None:
        assert reading.settings("[master]\ncloud = none\n", mock=True).master_region == "Spain"


def outcome(reading: Any, text: bytes | None, words: list[str]) -> None:
    """Read, and check that what comes of it is settings, or problems of one line each."""
    lines: list[str] = []
    try:
        lines = [message.text for message in reading.settings(text, *words).warnings]
    except ConfigError as error:
        lines = error.problems
    assert not [line for line in lines if "\n" in line or not line]


@given(st.text(), st.lists(st.text(max_size=20).map(lambda text: f"a.b={text}"), max_size=3))
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_no_text_ends_in_anything_but_settings_or_a_configuration_error(
    reading: Any, text: str, words: list[str]
) -> None:
    outcome(reading, text.encode("utf-8", "surrogatepass"), words)


TABLES = option_tables()
KEYS = st.sampled_from(sorted({*TABLES.main_keys, *TABLES.target_keys} - {"cloud"}))


@given(st.lists(st.tuples(st.sampled_from(["main", "DEFAULT", "master", "x"]), KEYS, st.text(max_size=12))))
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_no_value_ends_in_anything_else_either(reading: Any, entries: list[tuple[str, str, str]]) -> None:
    words = [f"{section}.{key}={value}" for section, key, value in entries]
    outcome(reading, None, words)
