"""Runs every command of the README and compares what it prints with what is shown below it.

A comment before each block says where its commands run: ``.. run: embedded`` (a fresh copy of the example
federation), ``server`` (a server over such a copy), ``cloud`` (the development cloud), ``checkout`` (a copy of the
checkout), ``help``. The last is for commands that start a cloud, or all tests, of which this one is: it is enough that
they exist and explain themselves.
The commands of the tutorial in the handbook belong together: they are run one after the other, as its readers do.
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
from pathlib import Path

import pytest
from docutils import nodes

from fiwareglancesync.images.options import WAYS
from tests.support.development_cloud import DevelopmentCloud, development_cloud
from tests.support.proxy import free_port
from tests.support.readme import TUTORIAL, Block, blocks, literals, mark, section
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
GAP = "..."
LIMIT = 300.0
"""Seconds after which a block of commands is ended."""


def blocks_of(where: str) -> list[object]:
    """The blocks of a kind, named by their first command."""
    return [pytest.param(block, id=block.steps[0][0]) for block in blocks() if block.where == where]


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


@pytest.fixture(scope="module")
def cloud() -> Iterator[DevelopmentCloud]:
    """The development cloud with its images, emptied afterwards."""
    found = development_cloud()
    found.command("reset")
    found.command("seed")
    yield found
    found.command("reset")


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
    """Whether a line is as it is shown."""
    return re.fullmatch(".*".join(map(re.escape, shown.split(GAP))), printed) is not None


@pytest.mark.parametrize("block", blocks_of("embedded"))
def test_on_the_embedded_federation(block: Block, embedded: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    run(block, folder, embedded, tmp_path)


def test_the_tutorial(commands: Path, tmp_path: Path) -> None:
    pages = blocks(TUTORIAL)
    assert {block.where for block in pages} == {"tutorial"}
    folder = tmp_path / "here"
    shutil.copytree(ROOT / "examples", folder / "examples")
    steps = tuple(step for block in pages for step in block.steps)
    run(Block(0, "tutorial", 0, steps), folder, environment(commands), tmp_path)


@pytest.mark.parametrize("block", blocks_of("server"))
def test_on_a_server(block: Block, served: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    run(block, folder, served, tmp_path)


@pytest.mark.integration
@pytest.mark.parametrize("block", blocks_of("cloud"))
def test_on_the_development_cloud(block: Block, cloud: DevelopmentCloud, commands: Path, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    run(block, folder, environment(commands) | account_of(cloud), tmp_path)


def account_of(cloud: DevelopmentCloud) -> dict[str, str]:
    """The variables that the README names, and no configuration file."""
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
    "command", [command for block in blocks() if block.where == "help" for command, _ in block.steps]
)
def test_what_takes_minutes_explains_itself(command: str) -> None:
    done = subprocess.run(
        [*shlex.split(command), "--help"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT
    )
    assert done.returncode == 0, done.stderr
    assert all(word in done.stdout for word in shlex.split(command))


def test_the_cron_table(embedded: dict[str, str], tmp_path: Path) -> None:
    (table,) = [node.astext() for node in literals("text") if (found := mark(node)) and found["where"] == "cron"]
    entries = [re.fullmatch(r"\d+ \d+ \* \* \* (.+)", line) for line in table.splitlines() if "=/" not in line]
    assert len(entries) == 2
    for entry in entries:
        assert entry is not None
        done = subprocess.run(
            ["sh", "-c", entry[1]], cwd=tmp_path, env=embedded, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert "error_checksum,Caceres" in done.stdout
    assert (tmp_path / "last-run.json").stat().st_size


def test_the_systemd_service(embedded: dict[str, str], tmp_path: Path) -> None:
    units = {found["where"]: unit(node.astext()) for node in literals("ini") if (found := mark(node))}
    assert set(units) == {"systemd", "timer"}
    program, *words = shlex.split(units["systemd"]["Service"]["ExecStart"])
    assert Path(program).name in COMMANDS
    done = subprocess.run(
        [Path(program).name, *words], cwd=tmp_path, env=embedded, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert units["timer"]["Timer"]["OnCalendar"]


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
    member = cloud.credential("member")
    variables = environment(commands) | account_of(cloud)
    variables |= {"OS_USERNAME": member.username, "OS_PASSWORD": member.password}
    done = subprocess.run(
        ["glancesync", "Caceres", "--image", "ubuntu-24.04"],
        cwd=tmp_path, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    reported = next(node.astext() for node in section("Rights").findall(nodes.literal) if "publicize" in node.astext())
    assert " ".join(reported.split()).replace("of N failed", "of ubuntu-24.04 failed") in done.stderr
    assert "debian-12-netinst" in (left := names_in_caceres(variables, tmp_path))
    assert "ubuntu-24.04" not in left


def names_in_caceres(variables: Mapping[str, str], folder: Path) -> str:
    """What Caceres holds, unfinished images included, as OpenStack's own client tells."""
    domains = {"OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default", "OS_REGION_NAME": "Caceres"}
    done = subprocess.run(
        ["glance", "image-list"], cwd=folder, env={**variables, **domains}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
