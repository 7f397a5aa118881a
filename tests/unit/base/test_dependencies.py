"""A Python package that is not installed is reported in one line, with what to do; a fault of the program is not."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fiwareglancesync import main as cli
from fiwareglancesync.base import dependencies
from fiwareglancesync.base.database import open_engine
from fiwareglancesync.base.dependencies import EXTRAS, missing_packages_reported, not_installed
from fiwareglancesync.base.errors import NotInstalled

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "fiwareglancesync"
EXAMPLE = ROOT / "examples" / "embedded"
ACCOUNT = {
    "OS_AUTH_URL": "http://127.0.0.1:9/v3", "OS_USERNAME": "u", "OS_PASSWORD": "p", "OS_PROJECT_NAME": "t",
    "OS_REGION_NAME": "Spain",
}  # fmt: skip


def lacking(name: str) -> ModuleNotFoundError:
    """The error of an import."""
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


def bare(*words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the package with an interpreter that has no package installed."""
    return subprocess.run(
        [sys.executable, "-S", *words], cwd=folder, env={"PATH": os.defpath, "LANG": "C.UTF-8", **variables},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


class TestWithoutAnyPackage:
    @pytest.mark.parametrize(
        ("words", "name"),
        [
            (["sync.py", "Burgos"], "tenacity"),
            (["sync.py", "--show-status"], "tenacity"),
            (["sync.py", "remote", "regions"], "pydantic"),
            (["sync.py", "worker"], "flask"),
            (["run.py", "gunicornserver"], "click"),
            (["run.py", "--help"], "click"),
            (["scripts/completion.py", "bash"], "shtab"),
        ],
    )
    def test_a_command_says_what_to_install(self, tmp_path: Path, words: list[str], name: str) -> None:
        is_module = words[0].startswith("scripts")
        script = ["-m", "fiwareglancesync.scripts.completion"] if is_module else [str(PACKAGE / words[0])]
        done = bare(*script, *words[1:], folder=tmp_path, PYTHONPATH=str(ROOT), **ACCOUNT)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.replace("ERROR: ", "ERROR:") == (
            f"ERROR:{name} is not installed for {sys.executable}, and GlanceSync needs it; run pip install -r "
            f"{ROOT}/requirements.txt in a virtual environment, or {ROOT}/scripts/try, which makes one\n"
        )

    @pytest.mark.parametrize("words", [["sync.py", "--debug", "Burgos"], ["run.py", "--debug"]])
    def test_debug_shows_where_it_is_needed(self, tmp_path: Path, words: list[str]) -> None:
        done = bare(str(PACKAGE / words[0]), *words[1:], folder=tmp_path, **ACCOUNT)
        assert done.returncode == 2
        assert "Traceback" in done.stderr
        assert done.stderr.splitlines()[-1].startswith("ERROR")

    def test_a_link_to_the_command_leads_to_the_checkout(self, tmp_path: Path) -> None:
        (tmp_path / "glancesync").symlink_to(PACKAGE / "sync.py")
        done = bare(str(tmp_path / "glancesync"), folder=tmp_path, **ACCOUNT)
        assert done.returncode == 2
        assert f"run pip install -r {ROOT}/requirements.txt " in done.stderr

    @pytest.mark.parametrize("words", [["--help"], ["--version"], ["remote", "--help"]])
    def test_help_needs_none(self, tmp_path: Path, words: list[str]) -> None:
        assert bare(str(PACKAGE / "sync.py"), *words, folder=tmp_path).returncode == 0

    def test_writing_a_configuration_needs_none(self, tmp_path: Path) -> None:
        done = bare(str(PACKAGE / "scripts" / "generate_config_file.py"), folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")

    def test_loading_a_federation_needs_none(self, tmp_path: Path) -> None:
        loader = str(PACKAGE / "glancesync_serverfacade_mock.py")
        done = bare(loader, "--path", str(tmp_path / "federation"), str(EXAMPLE), folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")


class TestWhatIsMeant:
    @pytest.mark.parametrize("name", ["tenacity", "yaml", "flask_migrate"])
    def test_a_package_of_others_is_not_installed(self, name: str) -> None:
        assert str(not_installed(lacking(name))).startswith(f"{name} is not installed for ")

    @pytest.mark.parametrize(
        "error",
        [
            lacking("fiwareglancesync"),
            lacking("fiwareglancesync.nothing"),
            lacking("_sqlite3"),
            lacking("tenacity.nothing"),
            ImportError("cannot import name 'nothing' from 'tenacity'", name="tenacity"),
            ModuleNotFoundError("of unknown kind"),
            KeyError("tenacity"),
        ],
        ids=repr,
    )
    def test_anything_else_is_a_fault(self, error: Exception) -> None:
        assert not_installed(error) is None

    def test_a_fault_stays_an_internal_error(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fail(*_: object, **__: object) -> int:
            raise lacking("fiwareglancesync.nothing")

        monkeypatch.setattr(cli, "_run", fail)
        assert cli.main([]) == 1
        assert capsys.readouterr().err.startswith("ERROR:internal error: ModuleNotFoundError: No module named 'fiware")

    def test_a_fault_is_raised_where_there_is_no_other_way(self) -> None:
        with (
            pytest.raises(ModuleNotFoundError, match=r"^No module named 'fiwareglancesync\.nothing'$"),
            missing_packages_reported(),
        ):
            raise lacking("fiwareglancesync.nothing")


class TestHowToInstall:
    def test_an_installed_program_is_installed_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dependencies, "PACKAGE", str(tmp_path / "fiwareglancesync"))
        assert str(not_installed(lacking("tenacity"))).endswith("; run pip install fiware-glancesync")
        assert str(not_installed(lacking("psycopg"))).endswith("; run pip install 'fiware-glancesync[postgresql]'")

    def test_a_folder_with_a_blank_is_quoted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = tmp_path / "a b"
        folder.mkdir()
        (folder / "requirements.txt").touch()
        monkeypatch.setattr(dependencies, "PACKAGE", str(folder / "fiwareglancesync"))
        assert f"pip install -r '{folder}/requirements.txt' in" in str(not_installed(lacking("tenacity")))
        assert str(not_installed(lacking("celery"))).endswith(
            f"; run pip install --constraint '{folder}/requirements.txt' '{folder}[celery]'"
        )

    def test_every_extra_is_known(self) -> None:
        calls = ast.walk(ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")))
        words = {word.arg: word.value for call in calls if isinstance(call, ast.Call) for word in call.keywords}
        assert set(EXTRAS.values()) == set(ast.literal_eval(words["extras_require"]))


class TestExtras:
    @pytest.mark.parametrize(
        ("url", "driver", "need", "extra"),
        [
            ("postgresql://h/x", "psycopg", "a database of postgresql needs it", "postgresql"),
            ("mysql://h/x", "pymysql", "a database of mysql needs it", "mysql"),
        ],
    )
    def test_a_driver_that_is_not_installed(
        self, monkeypatch: pytest.MonkeyPatch, url: str, driver: str, need: str, extra: str
    ) -> None:
        monkeypatch.setitem(sys.modules, driver, None)
        with pytest.raises(NotInstalled) as raised:
            open_engine(url)
        assert str(raised.value).startswith(f"{driver} is not installed for {sys.executable}, and {need}; run pip ")
        assert str(raised.value).rstrip("'").endswith(f"[{extra}]")

    def test_nothing_is_done_without_the_driver_of_the_locks(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setitem(sys.modules, "psycopg", None)
        for name, value in ACCOUNT.items():
            monkeypatch.setenv(name, value)
        words = ["Burgos", "--no-progress", "--config", "main.database=postgresql://h/x"]
        assert cli.main(words) == 2
        printed = capsys.readouterr()
        assert printed.err.startswith("ERROR:psycopg is not installed")
        assert (printed.out, printed.err.count("\n")) == ("", 1)
