"""Rules say which runs are kept (vault 2.2)."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.images.vault.retention import (
    NEWEST_COMPLETE,
    NO_RULE,
    NOT_KEPT,
    DatedRun,
    KeepRules,
    Verdict,
    judge,
)

NOON = datetime(2026, 3, 31, 12, 0, tzinfo=timezone.utc)
RULES = [field.name for field in fields(KeepRules)]

times = st.datetimes(datetime(2020, 1, 1), datetime(2027, 12, 31), timezones=st.just(timezone.utc))
runs = st.lists(st.builds(DatedRun, times, st.booleans()), unique_by=lambda run: run.listed, max_size=40)
rules = st.builds(KeepRules, **{name: st.integers(0, 5) for name in RULES[:-1]}, within=st.integers(0, 90 * 86400))


def every(hours: int, count: int, *, complete: bool = True) -> list[DatedRun]:
    return [DatedRun(NOON - timedelta(hours=hours * number), complete) for number in range(count)]


def kept(verdicts: list[Verdict]) -> list[datetime]:
    return [verdict.run.listed for verdict in verdicts if verdict.kept]


@given(runs, rules)
def test_each_run_has_one_verdict_with_a_reason_the_newest_first(found: list[DatedRun], rule: KeepRules) -> None:
    verdicts = judge(found, rule)
    assert sorted((v.run for v in verdicts), key=lambda r: r.listed) == sorted(found, key=lambda r: r.listed)
    assert [v.run.listed for v in verdicts] == sorted((v.run.listed for v in verdicts), reverse=True)
    assert all(verdict.reasons for verdict in verdicts)
    assert all(verdict.kept != (verdict.reasons == (NOT_KEPT,)) for verdict in verdicts)


@given(runs, rules)
def test_the_newest_complete_run_is_always_kept(found: list[DatedRun], rule: KeepRules) -> None:
    complete = [verdict for verdict in judge(found, rule) if verdict.run.complete]
    assert all(verdict.kept for verdict in complete[:1])
    assert [NEWEST_COMPLETE in verdict.reasons for verdict in complete] == [each is complete[0] for each in complete]


@given(runs, rules)
def test_the_rules_together_keep_what_each_keeps_alone(found: list[DatedRun], rule: KeepRules) -> None:
    if not rule:
        return
    alone = [replace(KeepRules(), **{name: getattr(rule, name)}) for name in RULES if getattr(rule, name)]
    united = {time for each in alone for time in kept(judge(found, each))}
    assert set(kept(judge(found, rule))) == united


@given(runs, rules, st.sampled_from(RULES))
def test_a_larger_number_never_keeps_less(found: list[DatedRun], rule: KeepRules, name: str) -> None:
    if not rule:
        return
    more = replace(rule, **{name: getattr(rule, name) + 1})
    assert set(kept(judge(found, rule))) <= set(kept(judge(found, more)))


@given(runs, rules)
def test_what_is_kept_is_kept_again_when_the_rest_is_gone(found: list[DatedRun], rule: KeepRules) -> None:
    first = judge(found, rule)
    left = [verdict.run for verdict in first if verdict.kept]
    assert kept(judge(left, rule)) == kept(first)


@given(runs)
def test_without_a_rule_everything_is_kept(found: list[DatedRun]) -> None:
    assert all(verdict.kept and NO_RULE in verdict.reasons for verdict in judge(found, KeepRules()))


def test_last_keeps_the_newest() -> None:
    assert kept(judge(every(1, 5), KeepRules(last=2))) == [NOON, NOON - timedelta(hours=1)]


@pytest.mark.parametrize(
    ("rule", "hours", "expected"),
    [
        (KeepRules(hourly=2), 1, [0, 1]),
        (KeepRules(daily=2), 8, [0, 16]),
        (KeepRules(weekly=2), 24, [0, 48]),
        (KeepRules(monthly=2), 24, [0, 24 * 31]),
        (KeepRules(yearly=2), 24 * 30, [0, 24 * 90]),
    ],
)
def test_the_newest_run_of_each_period_is_kept(rule: KeepRules, hours: int, expected: list[int]) -> None:
    assert kept(judge(every(hours, 60), rule)) == [NOON - timedelta(hours=each) for each in expected]


def test_a_complete_run_stands_for_its_day_rather_than_a_newer_one_that_is_not() -> None:
    found = [DatedRun(NOON - timedelta(hours=number), complete) for number, complete in enumerate((False, True, True))]
    assert kept(judge(found, KeepRules(daily=1))) == [NOON - timedelta(hours=1)]


def test_within_counts_from_the_newest_run() -> None:
    verdicts = judge(every(10, 5), KeepRules(within=20 * 3600))
    assert kept(verdicts) == [NOON, NOON - timedelta(hours=10), NOON - timedelta(hours=20)]


def test_the_reasons_name_the_rules() -> None:
    newest, older, oldest = judge(every(24, 3), KeepRules(last=1, daily=2))
    assert newest.reasons == ("last 1 of 1", "daily 1 of 2", NEWEST_COMPLETE)
    assert (older.reasons, oldest.reasons) == (("daily 2 of 2",), (NOT_KEPT,))
