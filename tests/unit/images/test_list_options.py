"""Words of lists that nothing can match, as far as that shows in the file (sync 3.4)."""

from __future__ import annotations

from typing import Any

import pytest

MD5 = "9046fd22131a96502cb0d85b4a406a5a"
SHA512 = "0123456789abcdef" * 8
UUID = "6e240dd4-e304-4599-b7d8-e38e13cef058"
OTHER = "[other]\nuser = u\npassword = p\nkeystone_url = http://k\ntenant = t\n"


@pytest.mark.parametrize("key", ["replace", "rename", "dontupdate"])
class TestChecksums:
    @pytest.mark.parametrize("word", [MD5, MD5.upper(), SHA512, SHA512.upper(), "a" * 40, "a" * 64])
    def test_md5_and_multihash_are_kept_in_lower_case(self, reading: Any, key: str, word: str) -> None:
        settings = reading.settings(f"[master]\n{key} = {word}\n")
        assert getattr(settings.master, key) == {word.lower()}
        assert settings.warnings == ()

    @pytest.mark.parametrize("word", [MD5[:-1], MD5 + "0", "g" * 32, f"'{MD5}'", f"md5:{MD5}", UUID, "all"])
    def test_another_form_is_reported(self, reading: Any, key: str, word: str) -> None:
        assert reading.warnings(f"[master]\n{key} = {word}, {MD5}\n") == [
            f"FILE:2: [master] {key}: '{word.lower()}' is no MD5 nor multihash in hexadecimal; it will match no image"
        ]

    def test_a_misspelt_any_is_reported(self, reading: Any, key: str) -> None:
        [warning] = reading.warnings(f"[master]\n{key} = anny\n")
        assert warning.endswith("'anny' is no checksum; it will match no image; did you mean any?")

    def test_the_embedded_federation_may_have_any(self, reading: Any, key: str) -> None:
        assert reading.warnings(f"[master]\n{key} = 77, Xy\n", mock=True) == []

    def test_the_command_line_is_read_likewise(self, reading: Any, key: str) -> None:
        settings = reading.settings(None, f"{key}={MD5.upper()}")
        assert getattr(settings.master, key) == {MD5}


@pytest.mark.parametrize("word", [UUID, UUID.upper(), UUID.replace("-", ""), UUID.upper().replace("-", "")])
def test_uuids_are_kept_in_one_form(reading: Any, word: str) -> None:
    settings = reading.settings(f"[master]\nforcesyncs = {word}\n")
    assert settings.master.forcesyncs == {UUID}
    assert settings.warnings == ()


def test_what_is_no_uuid_is_kept_in_lower_case_too(reading: Any) -> None:
    settings = reading.settings("[master]\nforcesyncs = 01$Name, x\n", mock=True)
    assert settings.master.forcesyncs == {"01$name", "x"}


@pytest.mark.parametrize("key", ["metadata_set", "obsolete_syncprops"])
class TestProperties:
    @pytest.mark.parametrize("word", ["visibility", "name", "os_hash_algo", "cinder_encryption_key_id"])
    def test_what_is_no_user_property_is_reported(self, reading: Any, key: str, word: str) -> None:
        assert reading.warnings(f"[DEFAULT]\n{key} = nid, {word}\n") == [
            f"FILE:2: [DEFAULT] {key}: '{word}' is no property that is synchronised; it will match nothing"
        ]

    def test_quotes_are_reported(self, reading: Any, key: str) -> None:
        assert reading.warnings(f"[DEFAULT]\n{key} = 'nid', type\n") == [
            f"FILE:2: [DEFAULT] {key}: ''nid'' will match no property; did you mean nid?"
        ]

    def test_others_are_right(self, reading: Any, key: str) -> None:
        assert reading.warnings(f"[DEFAULT]\n{key} = nid, hw_disk_bus, os_distro, img_signature\n") == []


class TestRegions:
    def test_the_prefix_of_the_target_itself_may_stand_there(self, reading: Any) -> None:
        text = "[master]\nignore_regions = master:Burgos, Spain\n" + OTHER + "ignore_regions = other:Madrid\n"
        settings = reading.settings(text)
        assert settings.master.ignore_regions == ("Burgos", "Spain")
        assert settings.targets["other"].ignore_regions == ("Madrid",)
        assert settings.warnings == ()

    def test_in_default_a_prefix_reports_for_which_target_it_holds(self, reading: Any) -> None:
        text = "[DEFAULT]\nignore_regions = Spain, other:Madrid, x:y\n" + OTHER
        settings = reading.settings(text)
        assert settings.master.ignore_regions == ("Spain", "x:y")
        assert settings.targets["other"].ignore_regions == ("Spain", "Madrid", "x:y")
        assert settings.warnings == ()

    def test_a_region_of_another_target_is_reported(self, reading: Any) -> None:
        assert reading.warnings("[master]\nignore_regions = other:Madrid\n" + OTHER) == [
            "FILE:2: [master] ignore_regions: 'other:Madrid' is a region of another target and has no effect here; "
            "write it in [other]"
        ]


def test_the_words_that_a_cloud_confirms_are_kept_with_their_place(reading: Any) -> None:
    text = (
        f"[DEFAULT]\nignore_regions = A\nforcesyncs = {UUID}\n[master]\nignore_regions =\nmetadata_set = nid\n" + OTHER
    )
    found = {(entry.key, entry.word): entry for entry in reading.settings(text).entries}
    assert {key: entry.targets for key, entry in found.items()} == {
        ("ignore_regions", "A"): ("other",),
        ("forcesyncs", UUID): ("master", "other"),
        ("metadata_set", "nid"): ("master",),
    }
    assert found["metadata_set", "nid"].where == f"{reading.file}:6: [master] metadata_set"


class TestCommandLine:
    @pytest.mark.parametrize(
        ("word", "reported"),
        [
            ("max_replacments=3", "[DEFAULT] max_replacments: unknown key, nothing is done; did you mean max_repl"),
            ("master.dontupdat=x", "[master] dontupdat: unknown key, nothing is done; did you mean dontupdate?"),
            ("main.max_childrn=3", "[main] max_childrn: unknown key, nothing is done; did you mean max_children?"),
            ("zzz=1", "[DEFAULT] zzz: unknown key, nothing is done"),
            ("main.replace=any", "[main] replace: has no effect here; it belongs in [DEFAULT] or the section"),
            ("master.max_children=2", "[master] max_children: has no effect here; it belongs in [main]"),
            ("mster.replace=any", "[mster] is no section of the configuration, and holds no credential; did you mean"),
            ("MAIN.max_children=2", "[MAIN] max_children: has no effect here; it belongs in [main]"),
            ("zzz.replace=any", "[zzz] is no section of the configuration, and holds no credential"),
            ("vault.replace=any", "[vault] can be no target: the name is reserved since version 2.0"),
        ],
    )
    def test_what_would_have_no_effect_is_an_error(self, reading: Any, word: str, reported: str) -> None:
        problems = reading.problems("[main]\nmax_children = 1\n", word)
        assert problems[0].startswith(f"--config: {reported}")

    def test_in_a_file_it_stays_a_warning(self, reading: Any) -> None:
        assert len(reading.warnings("[master]\nmax_replacments = 3\n[main]\nreplace = any\n")) == 2

    def test_a_misspelt_section_is_an_error_where_nobody_signs_in_too(self, reading: Any) -> None:
        from fiwareglancesync.base.errors import ConfigError

        with pytest.raises(ConfigError, match=r"did you mean \[master\]"):
            reading.settings(None, "mster.replace=any", mock=True)
        assert list(reading.settings(None, "other.replace=any", mock=True).targets) == ["master", "other"]

    def test_a_new_target_that_default_gives_a_credential_is_reported_when_it_looks_misspelt(
        self, reading: Any
    ) -> None:
        text = OTHER.replace("other", "DEFAULT") + "[federation2]\n"
        settings = reading.settings(text, "federatoin2.replace=any", environ={"OS_REGION_NAME": "Spain"})
        [warning] = settings.warnings
        assert warning.text == "--config: [federatoin2] is a new target; did you mean [federation2]?"


class TestReservedSections:
    @pytest.mark.parametrize("name", ["notify", "schedule", "listen", "volumes", "snapshots", "vault"])
    def test_one_that_looks_like_a_target_is_reported_how_to_upgrade(self, reading: Any, name: str) -> None:
        assert reading.problems(f"[{name}]\ncredential = u,cA==,http://k,t\n") == [
            f"FILE:1: [{name}] can be no target: the name is reserved since version 2.0; to upgrade, give the section "
            "another name, and write its regions with that (NAME:REGION)"
        ]

    def test_one_that_has_options_of_its_own_is_none_on_the_command_line_either(self, reading: Any) -> None:
        (problem,) = reading.problems("[notify]\n", "notify.replace=any")
        assert problem.startswith("FILE:1: [notify] can be no target: the name is reserved since version 2.0")

    @pytest.mark.parametrize("name", ["schedule", "vault"])
    def test_any_other_is_passed_over_with_a_warning(self, reading: Any, name: str) -> None:
        settings = reading.settings(f"[{name}]\nsmtp = x\n")
        assert list(settings.targets) == ["master"]
        assert "is reserved, and this version reads nothing in it; ignored" in settings.warnings[0].text
        assert len(settings.warnings) == 1


class TestWordsForAllTargets:
    def test_one_that_a_section_overrules_is_reported(self, reading: Any) -> None:
        text = f"{OTHER}[master]\ndontupdate = {MD5}\n"
        assert reading.warnings(text, f"dontupdate={'a' * 32}", f"replace={MD5}") == [
            "--config: [DEFAULT] dontupdate has no effect on target master, which has its own (FILE:7); "
            "write master.dontupdate=VALUE"
        ]

    @pytest.mark.parametrize("words", [(f"dontupdate={MD5}",), ("dontupdate=", f"master.dontupdate={'a' * 32}")])
    def test_one_that_is_said_of_the_target_too_is_not(self, reading: Any, words: tuple[str, ...]) -> None:
        assert reading.warnings(f"[master]\ndontupdate = {MD5}\n", *words) == []
