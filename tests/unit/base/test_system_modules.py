"""Single modules are loaded by their files (design 2)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import NotInstalled
from fiwareglancesync.base.system_modules import load_module


def test_one_file_is_loaded_and_its_folder_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bindings", raising=False)
    (tmp_path / "bindings.py").write_text("ANSWER = 42\n", encoding="ascii")
    assert load_module("bindings", tmp_path / "bindings.py").ANSWER == 42
    assert "bindings" in sys.modules
    assert str(tmp_path) not in sys.path
    sys.modules.pop("bindings")


@pytest.mark.parametrize(("file", "text"), [("bindings.py", "import not_there_at_all\n"), ("bindings.txt", "")])
def test_a_file_that_cannot_be_loaded_is_named_and_leaves_nothing(tmp_path: Path, file: str, text: str) -> None:
    path = tmp_path / file
    path.write_text(text, encoding="ascii")
    with pytest.raises(NotInstalled) as failed:
        load_module("bindings", path, "bindings of ours")
    assert str(failed.value).startswith(f"the Python module bindings of ours cannot be loaded from {path}: ")
    assert "bindings" not in sys.modules
