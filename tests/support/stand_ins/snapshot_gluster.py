"""A stand-in for ssh to a machine whose gluster takes snapshots of a volume on thin LVM.

``snapshot_gluster.py FILE COMMAND``: FILE has the snapshots of volumes as JSON, what fails (``fail``), and what is
reported and not done (``forget``); COMMAND is a line for a shell. Real snapshots need thin LVM, and so device-mapper in
the kernel. The answers have the form of those that gluster 10.3 gives without it: to ``list`` of a volume without
snapshots, and to refused ``create`` and ``delete``. Its exit code is 0 also for a refusal. The rest is as in gluster's
sources (``cli/src/cli-xml-output.c``).
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ANSWER = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cliOutput>
  <opRet>{}</opRet>
  <opErrno>{}</opErrno>
  <opErrstr>{}</opErrstr>
  {}
</cliOutput>"""
WITHOUT_LVM = (
    "Snapshot is supported only for thin provisioned LV. Ensure that all bricks of {} are thinly provisioned LV."
)
ID = "a45a6e2b-c5cd-4353-81c8-741435e55cf7"


def main(file: Path, line: str) -> str:
    """Do what the line asks for; gluster's answer."""
    words = shlex.split(line)
    if words[:4] != ["gluster", "--mode=script", "--xml", "snapshot"]:
        return f"no such command: {line}"
    state: dict[str, Any] = json.loads(file.read_text())
    verbs: dict[str, Callable[..., str]] = {"list": _list, "create": _create, "delete": _delete}
    answer = verbs[words[4]](state, *words[5:])
    if state.get("forget") != words[4]:
        file.write_text(json.dumps(state))
    return answer


def _list(state: dict[str, Any], volume: str) -> str:
    names = [name for each, name in state["snapshots"] if each == volume]
    listed = "".join(f"<snapshot>{name}</snapshot>" for name in names)
    return ANSWER.format(0, 0, "", f"<snapList><count>{len(names)}</count>{listed}</snapList>")


def _create(state: dict[str, Any], name: str, volume: str, *words: str) -> str:
    if state.get("fail") == "create":
        return ANSWER.format(-1, 30815, WITHOUT_LVM.format(volume), "")
    if [volume, name] in state["snapshots"]:
        return ANSWER.format(-1, 30811, f"Snapshot {name} already exists", "")
    state["snapshots"].append([volume, name])
    made = f"<snapCreate><snapshot><name>{name}</name><uuid>{ID}</uuid></snapshot></snapCreate>"
    return ANSWER.format(0, 0, "", made)


def _delete(state: dict[str, Any], name: str) -> str:
    fail = state.get("fail") == "delete"
    reason = f"Snapshot ({name}) does not exist"
    if fail or not any(each == name for _, each in state["snapshots"]):
        outcome = f"<status>Failure</status><opRet>-1</opRet><opErrno>30807</opErrno><opErrstr>{reason}</opErrstr>"
    else:
        state["snapshots"] = [each for each in state["snapshots"] if each[1] != name]
        outcome = f"<status>Success</status><uuid>{ID}</uuid>"
    code, number, text = (-1, 30807, reason) if "Failure" in outcome and not fail else (0, 0, "")
    one = f"<snapshot>{outcome}<name>{name}</name></snapshot>"
    return ANSWER.format(code, number, text, f"<snapDelete><snapshots>{one}</snapshots></snapDelete>")


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), sys.argv[-1]))
