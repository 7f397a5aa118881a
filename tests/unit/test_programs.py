"""Every program of the system's that we use is in the table, and what is missing is installed or named."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

import pytest
from workbench import debian, testing
from workbench.debian import ESSENTIAL, PACKAGES, Part
from workbench.venv import SetupError

from tests.support import programs
from tests.support.named_programs import FUNCTION, Named, named_in_python, named_in_shell
from tests.support.pages import CONTRIBUTING, PAGES, blocks

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("benchmarks", "docs", "examples", "fiwareglancesync", "scripts", "tests")
PROGRAMS = {Path(given).name for package in PACKAGES for given in package.gives}
LOOKED_FOR = {"apt-get"}
"""What we can do without."""
INSTALLED = {
    "glancesync", "glancesync-completion", "glancesync-generate-config", "openstack", "pip", "python", "python3",
}  # fmt: skip
"""Programs of Python's packages that those who need them install, and Python itself."""
PATHS = {"/opt/glancesync/bin/", "/usr/sbin/policy-rc.d", *debian.SYSTEM_PROGRAMS}
"""Paths that nothing is expected at."""

FRESH = """\
#!/bin/sh
echo "$*" >>{log}
case "$*" in
    *"{refused}"*) echo "E: Unable to locate package {refused}" >&2; exit 100 ;;
    *install*) ls {policy} >>{log} ;;
esac
for word; do
    case "$word" in our-*) printf '#!/bin/sh' >{folder}/$word; chmod +x {folder}/$word ;; esac
done
"""


@pytest.fixture(scope="module")
def named() -> dict[str, Named]:
    """What every file of Python names, but for this one."""
    paths = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.is_file())
    found = {}
    for path in paths:
        text = path.read_text(encoding="utf-8") if path.suffix in (".py", "") else ""
        if (path.suffix == ".py" and path != Path(__file__)) or text.startswith("#!/usr/bin/env python"):
            found[str(path.relative_to(ROOT))] = named_in_python(text)
    return found


def known_programs() -> set[str]:
    """What may be called: Debian's own, what the table has, what Python's packages bring along."""
    scripts = {point.name for found in distributions() for point in found.entry_points.select(group="console_scripts")}
    return PROGRAMS | ESSENTIAL | scripts | INSTALLED | LOOKED_FOR


class TestTable:
    def test_every_program_that_code_names_is_in_it(self, named: dict[str, Named]) -> None:
        places = {(name, path) for path, found in named.items() for name in found.programs}
        assert ("git", "tests/unit/test_packaging.py") in places
        assert {(name, path) for name, path in places if name not in known_programs()} == set()

    def test_every_package_that_a_hint_names_is_in_it(self, named: dict[str, Named]) -> None:
        packages = {package.name for package in PACKAGES}
        assert {name for found in named.values() for name in found.packages} - packages == set()

    def test_every_path_of_the_system_is_in_it(self, named: dict[str, Named]) -> None:
        given = [given for package in PACKAGES for given in package.gives]
        paths = {path for found in named.values() for path in found.paths} - PATHS
        assert {path for path in paths if not any(each.startswith(path) for each in given)} == set()

    def test_every_program_that_scripts_of_the_shell_call_is_in_it(self) -> None:
        texts = [path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").rglob("*.sh")]
        texts += [path.read_text(encoding="utf-8") for path in (ROOT / ".ci").iterdir()]
        assert texts
        own = {name for text in texts for name in FUNCTION.findall(text)}
        assert {name for text in texts for name in named_in_shell(text)} - own - known_programs() == set()

    def test_every_program_that_the_documents_have_run_is_in_it(self) -> None:
        pages = [page for page in PAGES if page != CONTRIBUTING]
        run = [block for block in blocks(pages) if block.where not in ("help", "shown")]
        named = {name for block in run for command, _ in block.steps for name in named_in_shell(command)}
        assert "glancesync" in named
        assert named - known_programs() == set()

    def test_tests_look_for_programs_in_one_place(self) -> None:
        paths = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
        assert [path for path in paths if "shutil.which(" in path.read_text(encoding="utf-8")] == []

    def test_no_package_and_no_program_is_there_twice(self) -> None:
        names = [package.name for package in PACKAGES]
        assert names == sorted(set(names))
        assert len(PROGRAMS) == sum(len(package.gives) for package in PACKAGES)
        assert set() == PROGRAMS & ESSENTIAL

    def test_another_program_is_asked_for_in_vain(self) -> None:
        with pytest.raises(LookupError, match=r"^ps is not in the table"):
            programs.program("ps")


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("shutil.which('jq')", {"jq"}),
        ("subprocess.run(['jq', '.'])", {"jq"}),
        ("Popen(('jq', word), text=True)", {"jq"}),
        ("words = ['jq', '.']\nrun([*words, '-r'])", {"jq"}),
        ("def f():\n    words: list[str] = ['jq'] + more\n    subprocess.check_output(words)", {"jq"}),
        ("run(['bash', '-c', 'cat $(jq .) | tac >a'])", {"bash", "cat", "jq", "tac"}),
        ("base = ['jq']\nwords = [*base, '.']\nwords = [*words, '-r']\nrun(words)", {"jq"}),
        ("program('jq')", {"jq"}),
        ("pytest.skip('needs the program jq, alas')", {"jq"}),
        ("run([sys.executable, '-c', code])", set()),
        ("run(['-p', port])", set()),
        ("run(['/tmp/jq'])", set()),
        ("cloud.run('status')", set()),
        ("run(words)", set()),
    ],
)
def test_programs_are_found_in_code(source: str, named: set[str]) -> None:
    assert named_in_python(source).programs == named


def test_packages_and_paths_are_found_in_code() -> None:
    source = "raise E('as root: apt-get install --yes jq; then')\nopen('/usr/share/jq/x')\nf('/usr, say')"
    found = named_in_python(source)
    assert found.packages == {"jq"}
    assert found.paths == {"/usr/share/jq/x"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("A=1 jq . <file", {"jq"}),
        ("if ! jq .; then tac; else rev; fi", {"jq", "tac", "rev"}),
        ("while read -r line; do jq .; done <b", {"jq"}),
        ("f() {\n    jq 'a | b; c'\n}\nf a && tac", {"jq", "tac"}),
        ('x=$(jq "$1") # or yq', {"jq"}),
        ("jq \\\n  tac", {"jq"}),
        ("jq '' tac", {"jq"}),
        ("for word in tac; do ./jq; done", set()),
    ],
)
def test_programs_are_found_in_scripts_of_the_shell(text: str, named: set[str]) -> None:
    assert named_in_shell(text) == named


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of packages that nobody has."""
    monkeypatch.setattr(debian, "PACKAGES", (
        debian._package("our-first", ["our-first"], Part.UNIT),
        debian._package("our-other", ["our-other"], Part.TEST),
        debian._package("our-third", ["our-third"], Part.UNIT, Part.LONG),
        debian._package("our-volume", ["our-volume"], Part.VOLUMES),
    ))  # fmt: skip


Machine = Callable[..., Path]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: None) -> Machine:
    """Makes of this one a Debian whose apt-get keeps a log and installs what is asked for, except for one package."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian, "DPKG", tmp_path)
    monkeypatch.setattr(debian, "POLICY", tmp_path / "policy-rc.d")
    folder, log = tmp_path / "bin", tmp_path / "log"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def make(refused: str = "nothing of this kind") -> Path:
        text = FRESH.format(log=log, folder=folder, refused=refused, policy=debian.POLICY)
        (folder / "apt-get").write_text(text, encoding="utf-8")
        (folder / "apt-get").chmod(0o755)
        return log

    return make


def calls(log: Path) -> list[str]:
    """What apt-get was asked for, without its options, and what it saw of the policy."""
    lines = log.read_text(encoding="utf-8").splitlines()
    return [re.sub(r"^-.*=\S+ |--\S+ ", "", line) for line in lines]


class TestProvide:
    def test_what_is_missing_is_installed_in_one_call(self, machine: Machine) -> None:
        said: list[str] = []
        log = machine()
        assert debian.provide(Part.UNIT, Part.TEST, say=said.append) == []
        assert calls(log) == ["update", "install our-first our-other our-third", str(debian.POLICY)]
        installing = "Installing the Debian packages our-first our-other our-third"
        begin, end = said
        assert begin == f"{installing} …"
        assert re.fullmatch(f"{installing}: done in \\d+ s", end)
        assert debian.find("our-other") is not None

    def test_only_what_is_needed_and_missing_is_installed(self, machine: Machine) -> None:
        log = machine()
        assert debian.provide(Part.TEST, say=print) == []
        assert debian.provide(Part.TEST, say=print) == []
        assert calls(log) == ["update", "install our-other", str(debian.POLICY)]

    def test_one_that_cannot_be_had_does_not_keep_the_others_away(self, machine: Machine) -> None:
        said: list[str] = []
        machine("our-third")
        assert [package.name for package in debian.provide(Part.UNIT, say=said.append)] == ["our-third"]
        assert said[2:] == ["apt-get failed: E: Unable to locate package our-third"]
        assert debian.find("our-first") is not None

    def test_servers_are_kept_from_starting_meanwhile_and_no_longer(self, machine: Machine) -> None:
        machine()
        debian.provide(Part.UNIT, say=print)
        assert not debian.POLICY.exists()

    def test_the_machines_own_policy_stays(self, machine: Machine) -> None:
        machine()
        debian.POLICY.write_text("its own", encoding="utf-8")
        debian.provide(Part.UNIT, say=print)
        assert debian.POLICY.read_text(encoding="utf-8") == "its own"

    def test_who_is_not_root_is_reported_what_to_install(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = machine()
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        absent = debian.provide(Part.UNIT, say=print)
        command = "apt-get install --no-install-recommends our-first our-third"
        assert debian.advice(absent) == f"missing: our-first, our-third; as root: {command}"
        assert not log.exists()

    def test_the_newest_of_several_versions_is_found(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for version in ("9", "15", "8"):
            (tmp_path / version).mkdir()
            (tmp_path / version / "initdb").touch()
        monkeypatch.setattr(debian, "PACKAGES", (debian._package("p", [f"{tmp_path}/*/initdb"], Part.TEST),))
        assert debian.find("initdb") == str(tmp_path / "15" / "initdb")


class TestMissing:
    @pytest.mark.parametrize("ci", ["true", ""])
    def test_in_ci_nothing_is_run_without_it(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ci: str
    ) -> None:
        monkeypatch.setenv("CI", ci)
        machine("our-other")
        options = testing.read_options([])
        if ci:
            with pytest.raises(SetupError, match=r"^missing: our-other; as root: apt-get install .* our-other$"):
                testing._provide_programs(options)
        else:
            testing._provide_programs(options)
            assert capsys.readouterr().err.startswith("WARNING: tests are skipped; missing: our-other; as root: ")

    @pytest.mark.parametrize(("words", "given"), [
        ([], ["our-first", "our-other", "our-third", "our-volume"]),
        (["sync"], ["our-first", "our-other", "our-third"]),
        (["volumes"], ["our-first", "our-other", "our-third", "our-volume"]),
        (["--unit"], ["our-first", "our-third"]),
        (["--unit", "--long"], ["our-first", "our-third"]),
        (["--no-cloud"], ["our-first", "our-other", "our-third"]),
    ])  # fmt: skip
    def test_what_is_run_decides_what_is_installed(self, machine: Machine, words: list[str], given: list[str]) -> None:
        log = machine()
        testing._provide_programs(testing.read_options(words))
        assert calls(log)[1].split()[1:] == given

    @pytest.mark.outside
    @pytest.mark.parametrize(("ci", "outcome"), [("true", "2 failed"), ("", "2 skipped")])
    def test_a_test_without_its_program_is_skipped_or_in_ci_has_failed(
        self, tmp_path: Path, ci: str, outcome: str
    ) -> None:
        (tmp_path / "conftest.py").write_text(
            "from tests.conftest import pytest_runtest_makereport\n"
            "from workbench import debian\n"
            "debian.PACKAGES += (debian._package('our-package', ['ours'], debian.Part.UNIT),)\n"
        )
        (tmp_path / "test_it.py").write_text(
            "from tests.support.programs import program, python_program\n"
            "def test_one(): program('ours')\n"
            "def test_other(): python_program('ours')\n"
        )
        path = os.pathsep.join([str(ROOT), str(ROOT / "scripts")])
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)],
            cwd=tmp_path, env=os.environ | {"CI": ci, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.splitlines()[-1].startswith(outcome), done.stdout
        assert done.stdout.count("needs the program ours") >= 2


def test_the_policy_forbids_to_start_and_can_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "POLICY", tmp_path / "policy-rc.d")
    with debian._servers_stay_down():
        assert debian.POLICY.stat().st_mode & stat.S_IXUSR
        assert subprocess.run([str(debian.POLICY), "postgresql", "start"], check=False).returncode == 101
