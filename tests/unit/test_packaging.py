"""What is shipped: versions, dependencies, files; and that nothing was left behind in the sources."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import fiwareglancesync
from tests.support.programs import program

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "fiwareglancesync"
LEFTOVERS = ("TO" + "DO", "FIX" + "ME", "X" * 3)
HOMES = ("/ho" + "me/", "/Us" + "ers/", "/ro" + "ot/")
NOT_OURS = ("LICENSE",)
BROUGHT_ALONG = {"kombu", "redis"}
"""What Celery's own declaration, ``celery[redis]``, names in the versions that it goes with."""
DATA = {
    f"fiwareglancesync/{name}"
    for name in (
        "py.typed",
        "migrations/alembic.ini",
        "migrations/script.py.mako",
        "volumes/digests/templates/digest.html",
    )
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, so that nothing of an earlier build can be in it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(PACKAGE, source / "fiwareglancesync", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.rst", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "docs" / "man", source / "docs" / "man")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
               "--no-index", "--wheel-dir", str(folder), str(source)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def declared() -> list[Requirement]:
    """What setup.py asks for."""
    calls = ast.walk(ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")))
    words = {word.arg: word.value for call in calls if isinstance(call, ast.Call) for word in call.keywords}
    return [Requirement(text) for text in ast.literal_eval(words["install_requires"])]


@pytest.fixture(scope="module")
def optional() -> list[Requirement]:
    """What setup.py offers as extras."""
    calls = ast.walk(ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")))
    words = {word.arg: word.value for call in calls if isinstance(call, ast.Call) for word in call.keywords}
    extras = ast.literal_eval(words["extras_require"])
    return [Requirement(text) for texts in extras.values() for text in texts]


def tracked_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run([program("git"), "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    paths = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file() and path.name not in NOT_OURS]


def lines_with(pattern: str) -> list[str]:
    """Places in tracked text files that match, as file:line."""
    found = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # an image, for instance
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}"
            for number, line in enumerate(text.splitlines(), start=1)
            if re.search(pattern, line)
        ]
    return found


def imported_packages() -> Iterator[tuple[Path, str]]:
    """Every module from outside the package that a module of it imports: its top-level name."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            yield from ((path, name.partition(".")[0]) for name in names)


def pins(name: str) -> dict[str, list[Requirement]]:
    """The exact versions of a lock file, by distribution."""
    found: dict[str, list[Requirement]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "-r")):
            requirement = Requirement(line)
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def test_no_leftovers_in_the_sources() -> None:
    assert lines_with(rf"(^|[^A-Za-z0-9])({'|'.join(LEFTOVERS)})([^A-Za-z0-9]|$)") == []


def test_no_paths_of_the_machine_it_was_written_on() -> None:
    pattern = "|".join(
        [rf"(^|[^\w.])({'|'.join(HOMES)})\w", *([re.escape(str(ROOT))] if len(ROOT.parts) > 2 else [])]
    )
    assert [place for place in lines_with(pattern) if not place.startswith("docker/")] == []


def test_changelog_reports_about_this_version() -> None:
    text = (ROOT / "CHANGELOG.rst").read_text(encoding="utf-8")
    newest = re.search(r"^(\d+\.\d+\.\d+)( \(unreleased\)| \(\d{4}-\d{2}-\d{2}\))\n-+$", text, re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == fiwareglancesync.__version__


@pytest.mark.outside
def test_wheel_has_the_version_of_the_package(wheel: Path) -> None:
    assert wheel.name.startswith(f"fiware_glancesync-{fiwareglancesync.__version__}-")


@pytest.mark.outside
def test_wheel_holds_every_module_and_nothing_else(wheel: Path) -> None:
    files = set(zipfile.ZipFile(wheel).namelist())
    ours = {str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py")} | DATA
    assert {name for name in files if ".dist-info/" not in name and ".data/" not in name} == ours


@pytest.mark.outside
def test_wheel_gives_the_commands_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (points,) = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
        commands = archive.read(points).decode()
        assert any(name.endswith("/LICENSE") for name in archive.namelist())
    assert "glancesync = fiwareglancesync.main:main" in commands
    assert "snapmanager = fiwareglancesync.scripts.snapmanager:main" in commands
    assert "glancesync-generate-config = fiwareglancesync.scripts.generate_config_file:main" in commands


@pytest.mark.outside
def test_wheel_gives_the_manual_page(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (page,) = [name for name in archive.namelist() if name.endswith("/share/man/man1/glancesync.1")]
        assert archive.read(page) == (ROOT / "docs" / "man" / "glancesync.1").read_bytes()


def test_every_import_is_declared(declared: list[Requirement], optional: list[Requirement]) -> None:
    distributions = packages_distributions()
    allowed = {canonicalize_name(requirement.name) for requirement in [*declared, *optional]} | BROUGHT_ALONG
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for path, name in imported_packages()
        if name not in sys.stdlib_module_names | {"fiwareglancesync"}
        and not allowed & {canonicalize_name(found) for found in distributions.get(name, [name])}
    }
    assert undeclared == set()


def test_every_declared_package_is_imported(declared: list[Requirement]) -> None:
    distributions = packages_distributions()
    used = {
        canonicalize_name(found) for _, name in imported_packages() for found in distributions.get(name, [])
    }
    assert {canonicalize_name(requirement.name) for requirement in declared} - used == set()


@pytest.mark.parametrize("name", ["requirements.txt", "test-requirements.txt"])
def test_locks_name_exact_versions(name: str) -> None:
    loose = [
        str(pin)
        for found in pins(name).values()
        for pin in found
        if not re.fullmatch("==[^*]+", str(pin.specifier))
    ]
    assert loose == []


def test_lock_fits_what_is_declared(declared: list[Requirement], optional: list[Requirement]) -> None:
    # What has to be compiled is in a list of its own, so that the tests of everything else do not need it.
    locked = pins("requirements.txt") | pins("scripts/ovirt-requirements.txt")
    for requirement in [*declared, *optional]:
        versions = [next(iter(pin.specifier)).version for pin in locked[canonicalize_name(requirement.name)]]
        assert versions
        assert all(requirement.specifier.contains(version) for version in versions)
