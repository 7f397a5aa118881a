"""The templates of ``tests/heat_templates``: what this program finds, and what Heat itself finds (vault 5.1)."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from workbench.heat_environment import heat_venv

from fiwareglancesync.images.heat.template_reading import read_templates
from tests.support.heat_cases import FOLDER, HeatCase, heat_cases, lines_of
from tests.support.heat_files import needed, resolved
from tests.support.heat_templates import TemplateMaker
from tests.support.programs import MISSING

CASES = [pytest.param(case, id=case.folder.name) for case in heat_cases()]
ENGINE = Path(__file__).resolve().parents[3] / "support" / "heat_engine.py"
SECONDS = 120.0
TEMPLATES = 500
"""Random templates that are compared."""

Answers = dict[str, list[dict[str, Any]]]


@pytest.mark.parametrize("case", CASES)
def test_what_a_folder_needs(case: HeatCase) -> None:
    assert list(lines_of(read_templates([case.folder]), case.folder)) == case.found


def test_there_are_templates_for_everything() -> None:
    found = [path for path in FOLDER.rglob("*") if path.suffix in (".yaml", ".yml", ".json", ".template")]
    assert len(found) > 100


def ask_heat(cases: list[list[list[str]]]) -> list[list[dict[str, Any]]]:
    """What Heat answers for cases, each a list of stacks."""
    python = heat_venv(os.environ) / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{MISSING}openstack-heat; scripts/workbench/heat_environment.py installs it, with Python 3.11")
    done = subprocess.run(
        [str(python), "-W", "ignore", str(ENGINE)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="session")
def answers() -> Answers:
    """What Heat answers for all stacks of all cases, by the names of the cases."""
    cases = heat_cases()
    found = ask_heat([case.stacks for case in cases])
    return {case.folder.name: answer for case, answer in zip(cases, found, strict=True)}


@pytest.mark.outside
@pytest.mark.parametrize("case", CASES)
def test_heat_finds_the_same(case: HeatCase, answers: Answers) -> None:
    found = answers[case.folder.name]
    of_heat = {image for stack in found for image in stack.get("images", [])}
    ours = set(needed(read_templates([case.folder])))
    refused = [stack["refused"] for stack in found if "refused" in stack]
    assert bool(refused) == bool(case.refuses), refused
    if case.differs:
        assert of_heat != ours
    elif case.refuses:
        assert of_heat <= ours
    else:
        assert of_heat == ours


@pytest.mark.outside
def test_heat_finds_the_same_in_random_templates(tmp_path: Path) -> None:
    seed = 0 if os.environ.get("CI") == "true" else random.randrange(2**32)
    maker = TemplateMaker(random.Random(seed))
    bodies = [json.dumps(maker.template()) for _ in range(TEMPLATES)]
    paths = [tmp_path / f"{number}.json" for number in range(TEMPLATES)]
    for path, body in zip(paths, bodies, strict=True):
        path.write_text(body)
    compared = 0
    for body, (stack,) in zip(bodies, ask_heat([[[str(path)]] for path in paths]), strict=True):
        images = resolved({"main.json": body})
        if "refused" in stack or images.unresolved:
            continue
        assert sorted(set(needed(images))) == stack["images"], f"seed {seed}: {body}"
        compared += 1
    assert compared > TEMPLATES / 2
