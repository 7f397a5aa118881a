"""The jobs of servers and their volumes (snapshots 4.1)."""

from __future__ import annotations

from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef
from fiwareglancesync.snapshots.planning.snapshot_jobs import Jobs, make_jobs
from fiwareglancesync.snapshots.schedule.schedule_file import read_schedule
from fiwareglancesync.snapshots.schedule.server_list import ListedServer
from fiwareglancesync.snapshots.schedule.server_match import match_servers
from fiwareglancesync.snapshots.schedule.snapshot_slots import calendar_of
from fiwareglancesync.snapshots.schedule.snapshot_spec import Times
from fiwareglancesync.snapshots.schedule.spec_reader import read_spec

GENERAL = read_spec("5@mon-fri@6,11").spec
WEB, DB = ListedServer("a", "p", "web", ("v1", "v2")), ListedServer("b", "p", "db", ("v2", "v3"))


def jobs(text: str, *servers: ListedServer, general: bool = True, unmapped: str = "") -> Jobs:
    schedule = read_schedule(text.encode())
    assert schedule.mistakes == []
    entries = match_servers(schedule.entries, servers).entries
    images = {id: ImageRef("volumes", id) for server in servers for id in server.volume_ids if id != unmapped}
    return make_jobs(servers, entries, GENERAL if general else None, images, Times(minute=5, zone="Europe/Madrid"))


def summary(found: Jobs) -> dict[str, int]:
    return {f"{key.image.id} {key.set_name}": each.count for key, each in found.by_key.items()}


def test_each_volume_has_a_job_for_each_set() -> None:
    found = jobs("web: ['7', 4@sun]\n", WEB, general=False)
    assert summary(found) == {"v1 daily": 7, "v1 weekly": 4, "v2 daily": 7, "v2 weekly": 4}
    assert found.warnings == []
    assert str(next(iter(found.by_key.values())).calendar) == "mon,tue,wed,thu,fri,sat,sun@0:05 Europe/Madrid"


def test_servers_that_the_file_does_not_name_have_the_general_spec_at_its_minute() -> None:
    found = jobs("web: 0\n", WEB, ListedServer("c", "p", "other", ("v9",)))
    assert summary(found) == {"v1 daily": 0, "v2 daily": 0, "v9 general": 5}
    assert "6:15" in str(found.by_key[next(key for key in found.by_key if key.set_name == "general")].calendar)


def test_a_volume_of_several_servers_has_the_times_of_all_and_the_largest_count() -> None:
    found = jobs("web: 7@2\ndb: 3@mon,tue@4\n", WEB, DB)
    shared = next(each for key, each in found.by_key.items() if key.image.id == "v2")
    specs = [read_spec(text).spec for text in ("7@2", "3@mon,tue@4")]
    assert shared.calendar == calendar_of([spec for spec in specs if spec is not None], 5, "Europe/Madrid")
    assert (shared.count, shared.server_ids) == (7, ("a", "b"))
    assert found.warnings == [
        "volume v2 has several servers: the times of all and the largest count hold for it (7@2 of a, 3@mon,tue@4 of b)"
    ]


def test_nothing_is_made_of_a_volume_whose_image_is_not_known() -> None:
    found = jobs("web: 7\n", WEB, unmapped="v2")
    assert summary(found) == {"v1 daily": 7}
    assert found.unmapped == {"v2"}
