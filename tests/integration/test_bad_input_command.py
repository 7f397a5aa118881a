"""A command line or a configuration that asks for what cannot be: reported at once, before anything is contacted."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from fiwareglancesync.images.model import Image
from tests.support.cloud import running_cloud
from tests.support.faults import Command, Result, embedded
from tests.support.observed_federations import Given, ObservedCloud, ObservedEmbedded, ObservedFederation, digest_of
from tests.support.proxy import Proxy

BASIC = "[main]\nmaster_region = Spain\n"
NAMES = ("Keystone URL", "user", "password", "tenant")
SECRET = "s3cret-w0rd"
CREDENTIAL = f"user = u\npassword = {SECRET}\nkeystone_url = http://127.0.0.1:9/v3\ntenant = t\n"


@pytest.fixture
def run(tmp_path: Path, proxy: Proxy) -> Command:
    """The program in an environment that leads nowhere but through the proxy, with a password to be kept."""
    secrets = [SECRET, base64.b64encode(SECRET.encode()).decode()]
    folder = tmp_path / "current"
    folder.mkdir()
    return Command({"http_proxy": proxy.address, "no_proxy": "", "NO_PROXY": ""}, folder, secrets)


def refused(result: Result, proxy: Proxy) -> list[str]:
    """The errors of a run that has contacted nobody and made nothing."""
    assert (result.code, result.out) == (2, "")
    assert proxy.requests == []
    assert result.errors
    return [line.removeprefix("ERROR:") for line in result.errors]


def configured(folder: Path, text: str | bytes) -> str:
    file = folder / "bad.conf"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(0o600)
    return str(file)


class TestCommandLine:
    @pytest.mark.parametrize(
        ("words", "text"),
        [
            (["--config", "replace=any", "Burgos"], "Burgos is not KEY=VALUE; put regions before --config or after --"),
            (["--nonsense"], "unrecognized arguments: --nonsense; see sync.py --help"),
            (["--dry"], "unrecognized arguments: --dry, did you mean --dry-run?; see sync.py --help"),
            (["Burgos", "--", "--dry-run"], "--dry-run begins with -, so it is taken for no region: "),
            (["--dry-run", "--show-status"], "argument --show-status: not allowed with argument --dry-run;"),
            (["--transfer", "pigeon"], "argument --transfer: invalid choice: 'pigeon'"),
            (["--format", "csv"], "--format goes with --show-status or --show-regions"),
            (["Burgos", ""], "a region's name is empty; write NAME, TARGET:NAME or TARGET:"),
            (["--image"], "argument --image: expected one argument; see sync.py --help"),
            (["--\x1b[31m"], "unrecognized arguments: --\\x1b[31m; see sync.py --help"),
        ],
    )
    def test_mistakes_are_usage_errors(self, run: Command, proxy: Proxy, words: list[str], text: str) -> None:
        (line,) = refused(run(*words), proxy)
        assert line.startswith(text)

    @pytest.mark.parametrize("option", ["--report", "--events"])
    def test_a_file_that_cannot_be_written_is_reported_before_anything_is_done(
        self, run: Command, proxy: Proxy, tmp_path: Path, option: str
    ) -> None:
        conf = configured(tmp_path, f"{BASIC}[master]\n{CREDENTIAL}")
        (line,) = refused(run("--conf", conf, option, f"{tmp_path}/no/such/file"), proxy)
        assert line == f"{tmp_path}/no/such/file cannot be written: No such file or directory"


EVERYTHING = f"""\
stray = 1
[main]
master_region = Spain
max_children = none
max_children = 3
bandwidth = fast
leftover_age = soon
transfer = pigeon
line without value
[DEFAULT]
list_images_timeout = -1
only_tenant_images = maybe
max_replacements = 1.5
metadata_condition = __import__('os').system('x')
[master]
credential = {SECRET},%%%,http://x
[a:b]
{CREDENTIAL}
[other]
user = me
password = {SECRET}
keystone_url = not a url
[other]
tenant = x
[unclosed
"""


class TestConfiguration:
    def test_every_mistake_is_reported_at_once_and_in_its_place(
        self, run: Command, proxy: Proxy, tmp_path: Path
    ) -> None:
        conf = configured(tmp_path, EVERYTHING)
        lines = refused(run("--conf", conf), proxy)
        numbers = {text: number for number, text in enumerate(EVERYTHING.splitlines(), 1)}
        second_other = len(EVERYTHING.splitlines()) - 2
        expected = {
            f"{conf}:1: stray stands before the first section",
            f"{conf}:5: [main] max_children is given twice, first in line 4; keep one",
            f"{conf}:9: expected key = value, a [section], or a comment",
            f"{conf}:{second_other}: [other] is given twice, first in line {numbers['user = me'] - 1}; join the two",
            f"{conf}:{numbers['[unclosed']}: found a line that starts with [, expected a section such as [main]",
            f"{conf}:4: [main] max_children: found 'none', expected a positive whole number",
            f"{conf}:6: [main] bandwidth: found 'fast', expected bytes a second",
            f"{conf}:7: [main] leftover_age: found 'soon', expected a time such as 24h",
            f"{conf}:8: [main] transfer: found 'pigeon', expected one of auto, file, stream",
            f"{conf}:11: [DEFAULT] list_images_timeout: found '-1', expected a time such as 30",
            f"{conf}:12: [DEFAULT] only_tenant_images: found 'maybe', expected True or False",
            f"{conf}:13: [DEFAULT] max_replacements: found '1.5', expected a whole number, 0 or more",
            f"{conf}:14: [DEFAULT] metadata_condition: column 1, at '__import__(",
            f"{conf}:16: [master] credential: found 3 values separated by commas, expected 4:",
            f"{conf}:17: [a:b]: expected a target, with no colon or control character in its name",
            f"{conf}:{numbers['keystone_url = not a url']}: [other] keystone_url: expected an address",
        }
        for beginning in expected:
            assert [line for line in lines if line.startswith(beginning)], beginning
        assert len(lines) == len(expected)

    @pytest.mark.parametrize(
        ("content", "place", "text"),
        [
            (None, "", "the configuration file (--conf) cannot be read: No such file or directory"),
            (BASIC.encode() + b"images_dir = /caf\xe9\n", ":3", "found the byte 0xe9, expected UTF-8 text"),
            (b"\x7fELF\x02\x01\x01\0\0", ":1", "found the byte 0x00, expected UTF-8 text; remove it"),
        ],
    )
    def test_a_file_that_is_none_is_reported(
        self, run: Command, proxy: Proxy, tmp_path: Path, content: bytes | None, place: str, text: str
    ) -> None:
        conf = str(tmp_path / "bad.conf")
        if content is not None:
            configured(tmp_path, content)
        lines = refused(run("--conf", conf), proxy)
        assert lines[0].startswith(f"{conf}{place}: {text}")

    def test_a_folder_is_no_file(self, run: Command, proxy: Proxy, tmp_path: Path) -> None:
        (line,) = refused(run(GLANCESYNC_CONFIG=str(tmp_path)), proxy)
        assert line == f"{tmp_path}: the configuration file (GLANCESYNC_CONFIG) cannot be read: Is a directory"

    def test_what_is_missing_is_reported_with_both_ways_to_give_it(
        self, run: Command, proxy: Proxy, tmp_path: Path
    ) -> None:
        conf = configured(tmp_path, BASIC)
        lines = refused(run("--conf", conf, OS_USERNAME="u"), proxy)
        assert lines == [
            f"{conf}: [master]: the Keystone URL is missing: set OS_AUTH_URL in the environment,"
            " or keystone_url in [master]",
            f"{conf}: [master]: the password is missing: set OS_PASSWORD in the environment, or password in [master]",
            f"{conf}: [master]: the tenant is missing: set OS_TENANT_NAME (or OS_PROJECT_NAME) in the environment,"
            " or tenant in [master]",
        ]

    def test_nothing_at_all_is_reported_too(self, run: Command, proxy: Proxy) -> None:
        lines = refused(run(), proxy)
        missing = [f"the {name} is missing: set " for name in (*NAMES, "master region")]
        assert [[text for text in missing if text in line] for line in lines] == [[text] for text in missing]

    def test_an_override_is_checked_as_the_file_is(self, run: Command, proxy: Proxy, tmp_path: Path) -> None:
        conf = configured(tmp_path, f"{BASIC}[master]\n{CREDENTIAL}")
        lines = refused(run("--conf", conf, "--config", "max_children=0", "metadata_condition=image.name =="), proxy)
        assert len(lines) == 2
        assert {line.partition(": found")[0].partition(": column")[0] for line in lines} == {
            "--config: [main] max_children",
            "--config: [DEFAULT] metadata_condition",
        }

    def test_a_password_that_others_may_read_is_warned_of(self, tmp_path: Path) -> None:
        run = embedded(tmp_path, {"Spain": [], "Burgos": []}, f"{BASIC}[master]\n{CREDENTIAL}")
        (tmp_path / "glancesync.conf").chmod(0o644)
        result = run("--show-status", "Burgos")
        assert (result.code, result.errors) == (0, [])
        assert "glancesync.conf" in result.warnings[0]

    def test_an_unknown_key_is_warned_of_with_the_nearest_one(self, tmp_path: Path) -> None:
        run = embedded(tmp_path, {"Spain": [], "Burgos": []}, f"{BASIC}images_dri = /x\n[master]\ntenant = ours\n")
        result = run("--show-status", "Burgos")
        assert result.code == 0
        assert "images_dri" in result.warnings[0]
        assert "images_dir" in result.warnings[0]


def public(number: str, name: str, **properties: str) -> Image:
    return Image(
        number, name, "Spain", "oursid", size=5, checksum="c" * 32, visibility="public", user_properties=properties
    )


class TestCondition:
    """A hostile ``metadata_condition``; the language itself is tested where it lives."""

    @pytest.mark.parametrize(
        "condition",
        [
            "__import__('os').system('touch {file}')",
            "open('{file}', 'w')",
            "image.__class__.__mro__[1].__subclasses__()",
            "'{{0.__class__}}'.format(image)",
            "(lambda: 1)()",
            "image.name == 'a' * 1000000000",
            "9 ** 9 ** 9 ** 9",
            "(" * 500 + "1" + ")" * 500,
            "not " * 450 + "1",
            "[x for x in (1,)]",
            "ｅval('1')",
        ],
    )
    def test_is_refused_and_pointed_into(self, tmp_path: Path, condition: str) -> None:
        file = tmp_path / "made"
        text = condition.format(file=file)
        configuration = f"{BASIC}[master]\ntenant = ours\nmetadata_condition = {text}\n"
        run = embedded(tmp_path, {"Spain": [public("1", "one")], "Burgos": []}, configuration)
        result = run("Burgos")
        assert (result.code, result.out) == (2, "")
        (line,) = result.err.splitlines()
        assert line.startswith(f"ERROR:{tmp_path}/glancesync.conf:5: [master] metadata_condition: ")
        assert not file.exists()

    def test_that_fails_on_an_image_leaves_that_one_out(self, tmp_path: Path) -> None:
        images = [public("1", "with", nid="1"), public("2", "without")]
        run = embedded(tmp_path, {"Spain": images, "Burgos": []}, f"{BASIC}[master]\ntenant = ours\n")
        result = run("Burgos", "--config", "master.metadata_condition=image.user_properties['nid'] == '1'")
        assert (result.code, len(result.warnings), result.errors) == (0, 1, [])
        assert (
            "metadata_condition of target master cannot be evaluated for image without, so the image is not selected: "
            in result.err
        )
        assert run("--show-status", "Burgos").out == "ok,Burgos,with\r\npending_upload,Burgos,without\r\n"

    def test_that_works_too_long_is_stopped(self, tmp_path: Path) -> None:
        digits = "'" + "0123456789" * 10 + "'"
        bomb = f"any(a == b == c == d == '' for a in {digits} for b in {digits} for c in {digits} for d in {digits})"
        run = embedded(tmp_path, {"Spain": [public("1", "one")], "Burgos": []}, f"{BASIC}[master]\ntenant = ours\n")
        result = run("--show-status", "Burgos", "--config", f"metadata_condition={bomb}")
        assert (result.code, result.out) == (0, "")
        unselected, stopped = result.warnings
        assert unselected.startswith(
            "WARNING:No image of Spain is selected for target master: 1 metadata_condition cannot be evaluated;"
        )
        assert stopped.endswith("the evaluation takes more than 100,000 steps")


class TestEmbeddedFederation:
    @pytest.mark.parametrize("content", [None, b"", b"no database " * 1000])
    def test_that_is_none_is_reported(self, tmp_path: Path, content: bytes | None) -> None:
        run = embedded(tmp_path, {"Spain": [], "Burgos": []}, f"{BASIC}[master]\ntenant = ours\n")
        (file,) = (tmp_path / "federation").glob("*.sqlite")
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        result = run("Burgos")
        assert (result.code, result.out) == (2, "")
        assert result.err == (
            f"ERROR:GLANCESYNC_MOCKPERSISTENT_PATH: {tmp_path}/federation holds no embedded federation; load one with"
            f" python3 -m fiwareglancesync.glancesync_serverfacade_mock --path {tmp_path}/federation DIR\n"
        )


class TestOutput:
    @pytest.mark.parametrize("words", [(), ("--show-status",), ("--parallel",), ("--events", "-")], ids=" ".join)
    def test_a_reader_that_goes_ends_the_run_quietly(self, tmp_path: Path, words: tuple[str, ...]) -> None:
        run = embedded(tmp_path, {"Spain": [public("1", "one")], "Burgos": []}, f"{BASIC}[master]\ntenant = ours\n")
        running = run.start(*words, reader=False)
        result = running.finish()
        assert (result.code, result.err) == (1, "")
        assert running.processes() == []


@pytest.fixture(scope="class", params=["embedded", pytest.param("openstack", marks=pytest.mark.integration)])
def federation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, root: Path
) -> ObservedFederation:
    """A master with one image."""
    folder = tmp_path_factory.mktemp("federation")
    made: ObservedFederation
    made = ObservedEmbedded(folder) if request.param == "embedded" else ObservedCloud(running_cloud(root), folder)
    made.fill("Spain", [Given("one", "one", "one")])
    return made


class TestUnknown:
    """Regions and targets that are not there."""

    @pytest.fixture
    def run(self, federation: ObservedFederation, tmp_path: Path) -> Command:
        federation.fill("Burgos", [])
        return Command(federation.environment(), tmp_path)

    @pytest.mark.parametrize("parallel", [(), ("--parallel",)], ids=["", "parallel"])
    def test_a_region_fails_and_the_others_go_on(
        self, federation: ObservedFederation, run: Command, parallel: tuple[str, ...]
    ) -> None:
        result = run("Burgoss", "Nowhere", "Burgos", *parallel)
        assert result.code == 1
        first, second = result.err.splitlines()
        assert first.startswith("ERROR:Burgoss: unknown region; the regions of target master are: Burgos, ")
        assert first.endswith("; did you mean Burgos?")
        assert second.startswith("ERROR:Nowhere: unknown region; the regions of target master are: Burgos, ")
        assert [(image.name, image.digest) for image in federation.seen("Burgos")] == [("one", digest_of("one"))]

    @pytest.mark.parametrize("mode", ["--show-status", "--dry-run", "--make-backups"])
    def test_every_mode_says_so(self, run: Command, mode: str) -> None:
        result = run("Nowhere", "Burgos", mode)
        assert (result.code, len(result.errors), result.warnings) == (1, 1, [])
        assert result.err.startswith("ERROR:Nowhere: unknown region; the regions of target master are: ")

    @pytest.mark.parametrize(
        ("word", "text"),
        [
            ("nowhere:", "nowhere: unknown target; the configuration has: master"),
            ("mastre:Caceres", "mastre:Caceres: unknown target mastre; the configuration has: master; did you mean"),
            ("status", "status: no region has this name; did you mean --show-status?"),
        ],
    )
    def test_an_unknown_target_and_a_word_of_a_command_are_usage_errors(
        self, federation: ObservedFederation, run: Command, word: str, text: str
    ) -> None:
        result = run("Burgos", word)
        assert (result.code, result.errors[0].startswith(f"ERROR:{text}"), len(result.errors)) == (2, True, 1)
        assert "======" not in result.out
        assert federation.seen("Burgos") == []

    def test_an_unknown_master_region_ends_the_run(self, federation: ObservedFederation, run: Command) -> None:
        result = run("Burgos", "--config", "master_region=Atlantis")
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith("ERROR:Atlantis: unknown region; the regions of target master are: ")
        assert len(result.errors) == 1
