"""An engine that is reached when it is needed first, and waited for when it goes away in the middle (vms 2.9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import TypeVar

from ...base.messages import Message
from ...base.units import readable_duration
from ..engines.engine_event import EngineEvent
from ..engines.machines_port import Consistency, StoreLayer, VirtualMachines
from ..vm_errors import EngineUnreachable
from ..vm_model import Layers, Machine
from ..vm_options import Quiesce
from .run_ports import Clock, Emit

PATIENCE_SECONDS = 600.0
"""How long an engine is waited for that has answered before: it may be restarted during a run of hours."""

PAUSE_SECONDS = 10.0
T = TypeVar("T")


class MachinesOnDemand:
    """An engine; a call opens the connection if there is none, and raises what that raises.

    A call that may be made twice waits for an engine that has answered before. Threads may share it.

    :param connect: opens it
    :param emit: takes what the user reads while the engine is waited for
    :param has_events: whether it takes events; else it need not be reached for them
    """

    def __init__(
        self, connect: Callable[[], VirtualMachines], clock: Clock, emit: Emit, *, has_events: bool = True
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._emit = emit
        self._has_events = has_events
        self._engine: VirtualMachines | None = None
        self._has_answered = False
        self._away_since: float | None = None
        self._lock = Lock()

    def domains(self, volume: str) -> Sequence[str]:
        """The ids of the storage domains that lie in a volume."""
        return self._patiently(lambda engine: engine.domains(volume))

    def update_store(self, domain: str) -> Sequence[StoreLayer]:
        """Have the engine write down its virtual machines in a storage domain."""
        return self._patiently(lambda engine: engine.update_store(domain))

    def send(self, event: EngineEvent) -> None:
        """Report to the engine; what is not sent is kept, so nothing is waited for."""
        if self._has_events:
            self._open().send(event)

    def machines(self) -> Sequence[Machine]:
        """All virtual machines."""
        return self._patiently(lambda engine: engine.machines())

    def snapshot(self, machine: str, overlays: Mapping[str, str], quiesce: Quiesce, run: str) -> Consistency:
        """Put an overlay on each of some disks; not twice, so nothing is waited for."""
        return self._open().snapshot(machine, overlays, quiesce, run)

    def chain(self, machine: str, disk: str) -> tuple[str, ...]:
        """The ids of a disk's layers."""
        return self._patiently(lambda engine: engine.chain(machine, disk))

    def merge(self, machine: str, layers: Sequence[Layers], seconds: float) -> None:
        """Write overlays into the layers below them, and remove them."""
        self._patiently(lambda engine: engine.merge(machine, layers, seconds))

    def _open(self) -> VirtualMachines:
        with self._lock:
            if self._engine is None:
                self._engine = self._connect()
            return self._engine

    def _patiently(self, call: Callable[[VirtualMachines], T]) -> T:
        end: float | None = None
        while True:
            try:
                answer = call(self._open())
            except EngineUnreachable as error:
                now = self._clock.seconds()
                end = now + PATIENCE_SECONDS if end is None else end
                # Also where other calls are answered: an engine may fail one of them again and again.
                if now >= end or not self._is_waited_for(error, now):
                    raise
                self._clock.sleep(PAUSE_SECONDS)
            else:
                with self._lock:
                    self._has_answered, self._away_since = True, None
                return answer

    def _is_waited_for(self, error: EngineUnreachable, now: float) -> bool:
        """Whether a call is made again; over a connection of its own then."""
        with self._lock:
            if not self._has_answered:
                return False
            if self._away_since is None:
                self._away_since = now
                most = readable_duration(PATIENCE_SECONDS)
                self._emit(Message.warning(f"The engine is waited for, for {most} at most: {error}"))
            self._engine = None
            return now - self._away_since < PATIENCE_SECONDS
