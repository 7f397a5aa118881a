"""An engine that is reached when it is needed, and waited for when it goes away in the middle (vms 2.7)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fiwareglancesync.base.messages import Message
from fiwareglancesync.vms.engines.engine_event import EngineEvent, Severity
from fiwareglancesync.vms.execution.machines_on_demand import MachinesOnDemand
from fiwareglancesync.vms.vm_errors import EngineUnreachable, MachineNotFound
from fiwareglancesync.vms.vm_model import Machine
from fiwareglancesync.vms.vm_options import Quiesce
from tests.support.vm_builders import id_of
from tests.support.vm_site import Site, SiteClock, SiteMachines


class Engine:
    """An engine that is away for a number of calls."""

    def __init__(self) -> None:
        self.site, self.lines, self.away, self.connections = Site(1), list[Message](), 0, 0
        self.engine = MachinesOnDemand(self.connect, SiteClock(self.site), self.lines.append)

    def connect(self) -> SiteMachines:
        self.connections += 1
        return Away(self)


class Away(SiteMachines):
    def __init__(self, world: Engine) -> None:
        super().__init__(world.site)
        self._world = world

    def machines(self) -> Sequence[Machine]:
        self._answer()
        return super().machines()

    def send(self, event: EngineEvent) -> None:
        self._answer()

    def _answer(self) -> None:
        if self._world.away:
            self._world.away -= 1
            raise EngineUnreachable("the engine does not answer")


def test_one_that_has_answered_is_waited_for_over_a_new_connection() -> None:
    world = Engine()
    world.engine.machines()
    world.away = 5
    assert len(world.engine.machines()) == 1
    assert (world.site.seconds, world.connections) == (50, 6)
    assert [line.text for line in world.lines] == [
        "The engine is waited for, for 10 min at most: the engine does not answer"
    ]


def test_one_that_never_answered_is_not_waited_for() -> None:
    world = Engine()
    world.away = 1
    with pytest.raises(EngineUnreachable):
        world.engine.machines()
    assert world.site.seconds == 0


def test_the_patience_is_that_of_a_run_and_not_of_each_call() -> None:
    world = Engine()
    world.engine.machines()
    world.away = 10**6
    for _ in range(3):
        with pytest.raises(EngineUnreachable):
            world.engine.machines()
    assert 600 <= world.site.seconds < 620
    world.away = 0
    world.engine.machines()
    world.away = 3
    world.engine.machines()


def test_a_call_that_fails_while_others_are_answered_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Engine()
    world.engine.machines()

    def fail(self: Away, machine: str, disk: str) -> tuple[str, ...]:
        world.engine.machines()  # another thread has an answer
        raise EngineUnreachable("500 Internal Server Error")

    monkeypatch.setattr(Away, "chain", fail)
    with pytest.raises(EngineUnreachable):
        world.engine.chain(id_of(1, 1), id_of(1, 2))
    assert 600 <= world.site.seconds < 620


def test_neither_a_snapshot_nor_an_event_nor_a_refusal_is_tried_again() -> None:
    world = Engine()
    world.engine.machines()
    world.away = 1
    with pytest.raises(EngineUnreachable):
        world.engine.send(EngineEvent(1, Severity.ALERT, "text"))
    with pytest.raises(MachineNotFound):
        world.engine.snapshot(id_of(9, 1), {}, Quiesce.TRY, "run-1")
    with pytest.raises(MachineNotFound):
        world.engine.chain(id_of(9, 1), id_of(9, 2))
    assert world.site.seconds == 0
