"""`start`: how long the command takes to say something."""

from __future__ import annotations

import os

from ..figures import Result, at_most
from ..measure import Command, alternate, run
from ..setting import Setting


def measure(setting: Setting) -> Result:
    """`sync.py --help` against the bare interpreter."""
    environ = dict(os.environ)
    program = Command([setting.python, str(setting.program), "--help"], environ, setting.work)
    nothing = Command([setting.python, "-c", "pass"], environ, setting.work)
    run(program)
    pairs = alternate(7 if setting.quick else 21, lambda: run(nothing), lambda: run(program))
    more = [second.seconds - first.seconds for first, second in pairs]
    return Result("—", [at_most("`sync.py --help` − `python3 -c pass`", 0.20, more, unit=" s", sign="+", form=".3f")])
