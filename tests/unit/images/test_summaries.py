"""What is kept of the regions that were seen, on SQLite, and on PostgreSQL and MariaDB where they are installed."""

from __future__ import annotations

from sqlalchemy import Engine

from fiwareglancesync.images.summaries import Summary, SummaryStore

ODD = "odd \ud800 \x00 'name'; DROP TABLE tasks; --"


def test_what_was_last_seen_of_a_region_replaces_what_was_seen_before(engine: Engine) -> None:
    store = SummaryStore(engine)
    store.save([Summary("Burgos", 1.0, {"ok": 3}), Summary(ODD, 1.0, {}, "broken")])
    store.save([Summary("Burgos", 2.0, {"ok": 4})])
    assert store.by_region() == {"Burgos": Summary("Burgos", 2.0, {"ok": 4}), ODD: Summary(ODD, 1.0, {}, "broken")}
