"""Runs the commands of the README and of the handbook and compares what they print with what is shown below them.

A comment before each block says where its commands run:

* ``.. run: embedded``: on a fresh copy of the example federation;
* ``server``: as a client of a server over such a copy; ``api``: the same without a client;
* ``cloud``: on the development cloud; ``healing``: there, with the tools of the checkout;
* ``checkout``: in a copy of the checkout;
* ``help``: the command starts a cloud, or all tests, of which this one is; it is enough that it explains itself;
* ``tutorial``: the blocks belong together and are run one after the other, as readers do;
* ``shown``: not run, as it needs root, Docker, PostgreSQL or a server that validates tokens.
* ``slave``: at the site of a backup of virtual machines (``test_vm_restore.py``).

The page for contributors has marks of its own (``tests/unit/test_contributing.py``).
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fiwareglancesync.images.heat.image_status import ImageStatus
from fiwareglancesync.images.options import WAYS
from tests.support.development_cloud import DevelopmentCloud, development_cloud
from tests.support.free_ports import free_port
from tests.support.pages import CONTRIBUTING, DOCS, PAGES, TUTORIAL, Block, blocks, marked, words
from tests.support.programs import program
from tests.support.server import embedded_environment, gunicorn

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "embedded"
LOADER = ROOT / "fiwareglancesync" / "glancesync_serverfacade_mock.py"
COMMANDS = {
    "glancesync": "fiwareglancesync.main",
    "glancesync-completion": "fiwareglancesync.scripts.completion",
    "glancesync-generate-config": "fiwareglancesync.scripts.generate_config_file",
}
"""The installed commands and the modules whose ``main`` they call."""
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "sync_[0-9]*", "backup_glance_*")
UNITS = ROOT / "examples" / "systemd"
SERVED = "http://127.0.0.1:8888"
"""The address of the server in the pages; in a test it has another port."""

GAP = "..."
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LIMIT = 300.0
"""Seconds after which a block of commands is ended."""


ALL = [block for block in blocks(PAGES) if block.page not in (TUTORIAL, CONTRIBUTING)]


def blocks_of(where: str) -> list[object]:
    """The blocks of a kind, named by their page and first command; of equal ones the last."""
    found = {(block.steps, block.code): block for block in ALL if block.where == where}.values()
    return [pytest.param(block, id=f"{block.page.stem}: {block.steps[0][0].splitlines()[0]}") for block in found]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the commands that an installation gives."""
    folder = tmp_path_factory.mktemp("bin")
    for name, module in COMMANDS.items():
        path = folder / name
        path.write_text(f"#!{sys.executable}\nimport sys\nfrom {module} import main\nsys.exit(main())\n")
        path.chmod(0o755)
    return folder


@pytest.fixture
def embedded(commands: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a fresh copy of the example federation."""
    federation = tmp_path / "federation"
    loading = [sys.executable, str(LOADER), "--path", str(federation), str(EXAMPLE)]
    subprocess.run(loading, check=True, capture_output=True)
    return environment(commands) | {
        "GLANCESYNC_MOCKPERSISTENT_PATH": str(federation),
        "GLANCESYNC_CONFIG": str(EXAMPLE / "glancesync.conf"),
        "HOME": str(tmp_path),
    }


@pytest.fixture
def served(commands: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a client of a server over a fresh copy of the example federation."""
    folder = tmp_path / "server"
    folder.mkdir()
    with gunicorn(embedded_environment(folder), folder, free_port()) as address:
        yield environment(commands) | {"GLANCESYNC_SERVER": address}


def environment(*folders: Path) -> dict[str, str]:
    """An environment in which commands of these folders, this interpreter and this package are found first."""
    path = os.pathsep.join([*map(str, folders), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}


def relocated(block: Block, address: str) -> Block:
    """A block whose commands use the server that the test has started."""
    return replace(block, steps=tuple((command.replace(SERVED, address), shown) for command, shown in block.steps))


@pytest.fixture(scope="module")
def cloud() -> Iterator[DevelopmentCloud]:
    """The development cloud with its images, emptied afterwards."""
    found = development_cloud()
    fill(found)
    yield found
    found.command("reset")


def fill(cloud: DevelopmentCloud) -> None:
    """Remove all images, and put in those of an example."""
    cloud.command("reset")
    cloud.command("seed")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout as it is fetched, without what tests and trials have made."""
    copy = tmp_path_factory.mktemp("copy") / "checkout"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    return copy


def run(block: Block, folder: Path, variables: Mapping[str, str], scratch: Path) -> None:
    """Run the commands of a block one after the other in one shell; each must end and print as shown."""
    script = []
    for number, (command, _) in enumerate(block.steps):
        output = shlex.quote(str(scratch / str(number)))
        script.append(f"{{ {command}\n}} >{output}.out 2>{output}.err; echo $? >{output}.code")
    subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=LIMIT,
    )
    for number, (command, shown) in enumerate(block.steps):
        out, err, code = ((scratch / f"{number}.{kind}").read_text() for kind in ("out", "err", "code"))
        wanted = block.code if number == len(block.steps) - 1 else 0
        assert int(code) == wanted, f"{command}\n{out}{err}"
        if shown:
            assert fits(shown, (out or err).splitlines()), f"{command} printed:\n{out}{err}"


def fits(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether a command printed what is shown; ``...`` stands for any lines, or in a line for any text."""
    if GAP not in shown:
        return len(shown) == len(printed) and all(map(same, shown, printed))
    gap = list(shown).index(GAP)
    head, tail = shown[:gap], shown[gap + 1 :]
    enough = len(printed) >= len(head) + len(tail)
    return enough and all(map(same, head, printed)) and all(map(same, tail, printed[len(printed) - len(tail) :]))


def same(shown: str, printed: str) -> bool:
    """Whether a line is as it is shown; where a UUID is shown, any other may be printed."""
    shown, printed = (UUID.sub("UUID", line) for line in (shown, printed))
    return re.fullmatch(".*".join(map(re.escape, shown.split(GAP))), printed) is not None


@pytest.mark.parametrize("block", blocks_of("embedded"))
def test_on_the_embedded_federation(block: Block, embedded: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    run(block, folder, embedded, tmp_path)


def test_the_tutorial(commands: Path, tmp_path: Path) -> None:
    found = blocks([TUTORIAL])
    assert {block.where for block in found} == {"tutorial"}
    folder = tmp_path / "here"
    shutil.copytree(ROOT / "examples", folder / "examples")
    steps = tuple(step for block in found for step in block.steps)
    run(replace(found[0], steps=steps), folder, environment(commands), tmp_path)


@pytest.mark.parametrize("block", blocks_of("server"))
def test_on_a_server(block: Block, served: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    run(block, folder, served, tmp_path)


@pytest.mark.parametrize("block", blocks_of("api"))
def test_with_curl(block: Block, served: dict[str, str], tmp_path: Path) -> None:
    program("curl")
    folder = tmp_path / "here"
    folder.mkdir()
    run(relocated(block, served["GLANCESYNC_SERVER"]), folder, served, tmp_path)


@pytest.mark.integration
@pytest.mark.parametrize("block", blocks_of("cloud"))
def test_on_the_development_cloud(block: Block, cloud: DevelopmentCloud, commands: Path, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    run(block, folder, environment(commands) | account_of(cloud), tmp_path)


@pytest.mark.integration
@pytest.mark.parametrize("block", blocks_of("healing"))
def test_healing_shows_every_status(
    block: Block, cloud: DevelopmentCloud, commands: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    for name in ("examples", "scripts"):
        (folder / name).symlink_to(ROOT / name)
    shown = {words[0] for line in block.steps[-1][1] if (words := line.split())}
    assert shown >= {status.value for status in ImageStatus}
    fill(cloud)
    variables = environment(commands) | account_of(cloud) | {"GLANCESYNC_DEVCLOUD_DIR": str(cloud.folder)}
    run(block, folder, variables, tmp_path)
    fill(cloud)


def account_of(cloud: DevelopmentCloud) -> dict[str, str]:
    """The variables that the pages name, and no configuration file."""
    credential = cloud.credential()
    return {
        "OS_AUTH_URL": credential.auth_url,
        "OS_USERNAME": credential.username,
        "OS_PASSWORD": credential.password,
        "OS_PROJECT_NAME": credential.project_name,
        "OS_REGION_NAME": "Spain",
    }


@pytest.mark.parametrize("block", blocks_of("checkout"))
def test_in_a_checkout(block: Block, checkout: Path, tmp_path: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    path = os.pathsep.join([str(Path(sys.executable).parent), variables.get("PATH", os.defpath)])
    run(block, checkout, variables | {"PATH": path}, tmp_path)


@pytest.mark.parametrize(
    "command", [command for block in ALL if block.where == "help" for command, _ in block.steps]
)
def test_what_takes_minutes_explains_itself(command: str) -> None:
    done = subprocess.run(
        [*shlex.split(command), "--help"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT
    )
    assert done.returncode == 0, done.stderr
    assert all(word in done.stdout for word in shlex.split(command))


def test_the_cron_table(embedded: dict[str, str], tmp_path: Path) -> None:
    (table,) = marked("text", "cron")
    entries = [re.fullmatch(r"\d+ \d+ \* \* \* (.+)", line) for line in table.splitlines() if "=/" not in line]
    assert len(entries) == 2
    for entry in entries:
        assert entry is not None
        done = subprocess.run(
            ["sh", "-c", entry[1]], cwd=tmp_path, env=embedded, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert "error_checksum" in done.stdout
    assert "Caceres" in done.stdout
    assert (tmp_path / "last-run.json").stat().st_size


def test_the_systemd_units(embedded: dict[str, str], tmp_path: Path) -> None:
    page = (DOCS / "daily.rst").read_text(encoding="utf-8")
    service, timer = (UNITS / name for name in ("glancesync.service", "glancesync.timer"))
    assert all(f".. literalinclude:: ../examples/systemd/{path.name}\n" in page for path in (service, timer))
    name, *arguments = shlex.split(unit(service.read_text(encoding="utf-8"))["Service"]["ExecStart"])
    assert Path(name).name in COMMANDS
    done = subprocess.run(
        [Path(name).name, *arguments], cwd=tmp_path, env=embedded, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert unit(timer.read_text(encoding="utf-8"))["Timer"]["OnCalendar"]


def unit(text: str) -> configparser.ConfigParser:
    """A unit of systemd, taken apart."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


@pytest.mark.parametrize("way", WAYS)
def test_every_way_is_taken(way: str, embedded: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        ["glancesync", "--show-status", "--transfer", way], cwd=tmp_path, env=embedded, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.integration
def test_what_fails_without_the_right_to_publish(cloud: DevelopmentCloud, commands: Path, tmp_path: Path) -> None:
    fill(cloud)  # the pages have copied images to Caceres
    member = cloud.credential("member")
    variables = environment(commands) | account_of(cloud)
    variables |= {"OS_USERNAME": member.username, "OS_PASSWORD": member.password}
    done = subprocess.run(
        ["glancesync", "Caceres", "--image", "ubuntu-24.04"],
        cwd=tmp_path, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    reported = next(word for word in words("Roles", DOCS / "rights.rst") if "publicize_image action" in word)
    assert " ".join(reported.split()).replace("of N failed", "of ubuntu-24.04 failed") in done.stderr
    assert "debian-12-netinst" in (left := names_in_caceres(variables, tmp_path))
    assert "ubuntu-24.04" not in left


def names_in_caceres(variables: Mapping[str, str], folder: Path) -> str:
    """What Caceres holds, unfinished images included, as OpenStack's own client lists it."""
    domains = {"OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default", "OS_REGION_NAME": "Caceres"}
    done = subprocess.run(
        ["glance", "image-list"], cwd=folder, env={**variables, **domains}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
