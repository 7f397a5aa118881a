"""A spec is read as the grammar says, and every mistake in it is found where it is (snapshots 2.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.snapshots.schedule.snapshot_spec import DAYS, Spec
from fiwareglancesync.snapshots.schedule.spec_reader import is_meant_as_spec, read_spec
from tests.snapshot_strategies import specs, written

WRONG_ITEMS = ["8-17", "24", "99", "7.5", "+7", "-7", "monday", "mo", "mon-monday", "x", "²", "٧", "2 3", ""]
"""Items that belong to no list."""


def offsets(text: str) -> list[int]:
    return [mistake.offset for mistake in read_spec(text).mistakes]


def texts(text: str) -> list[str]:
    return [mistake.text for mistake in read_spec(text).mistakes]


@pytest.mark.parametrize(
    ("text", "canonical", "set_name"),
    [
        ("7", "7", "daily"),
        ("07", "7", "daily"),
        ("0", "0", "daily"),
        ("7@0", "7", "daily"),
        ("7@mon-sun@00", "7", "daily"),
        ("7@2,4@mon-fri", "7@mon-fri@2,4", "hourly"),
        (" 7 @ Mon - FRI @\t4 , 2 ", "7@mon-fri@2,4", "hourly"),
        ("5@sun", "5@sun", "weekly"),
        ("5@sun@1,2", "5@sun@1,2", "hourly"),
        ("5@fri-mon", "5@fri-mon", "daily"),
        ("5@mon,fri,sat,sun", "5@fri-mon", "daily"),
        ("5@sun,mon", "5@sun,mon", "daily"),
        ("5@tue,tue-wed", "5@tue,wed", "daily"),
        ("5@mon,wed-fri,sun", "5@wed-fri,sun,mon", "daily"),
        ("5@wed-tue", "5", "daily"),
        ("3@-", "3@-", "daily"),
        ("3@8,20@-", "3@-@8,20", "hourly"),
    ],
)
def test_a_spec_has_one_canonical_form(text: str, canonical: str, set_name: str) -> None:
    spec = read_spec(text).spec
    assert spec is not None
    assert (str(spec), spec.set_name) == (canonical, set_name)


@given(specs(), st.data())
def test_however_it_is_written_it_means_the_same(spec: Spec, data: st.DataObject) -> None:
    text = data.draw(written(spec))
    assert read_spec(text).spec == spec
    assert read_spec(str(spec)).spec == spec


@given(st.text(alphabet="0123456789@,- \tmontuewdfrisaMON.+²é", max_size=20))
def test_any_text_is_read_or_refused_within_itself(text: str) -> None:
    found = read_spec(text)
    assert (found.spec is None) is bool(found.mistakes)
    assert all(0 <= mistake.offset <= len(text) for mistake in found.mistakes)
    assert list(found.mistakes) == sorted(found.mistakes, key=lambda mistake: mistake.offset)
    if found.spec is not None:
        again = read_spec(str(found.spec)).spec
        assert again is not None
        assert (again, str(again)) == (found.spec, str(found.spec))


@given(
    st.lists(st.sampled_from(DAYS), min_size=1, max_size=4),
    st.lists(st.integers(0, 23).map(str), min_size=1, max_size=4),
    st.sampled_from(WRONG_ITEMS),
    st.data(),
)
def test_a_wrong_item_is_found_where_it_is(days: list[str], hours: list[str], wrong: str, data: st.DataObject) -> None:
    target, other = (days, hours) if data.draw(st.booleans()) else (hours, days)
    place = data.draw(st.integers(1, len(target)))
    blanks = data.draw(st.sampled_from(["", " ", "\t "])) if wrong else ""
    before = ",".join(target[:place]) + "," + blanks
    text = f"7@{before}{wrong}{''.join(f',{item}' for item in target[place:])}@{','.join(other)}"
    assert offsets(text) == [len(f"7@{before}")]


@pytest.mark.parametrize(
    ("text", "offset", "says"),
    [
        ("", 0, "the count is missing; expected a spec such as 7@mon-fri@2,4"),
        ("  @mon", 2, "the count is missing"),
        ("monday", 0, "expected a count, a whole number of copies, as in 7@mon-fri@2,4, not 'monday'"),
        ("7.5@mon", 0, "not '7.5'"),
        ("-7", 0, "not '-7'"),
        ("+7", 0, "not '+7'"),
        ("1234567", 0, "the count has more than 6 digits"),
        ("7@", 2, "the list after @ is empty"),
        ("7@@2", 2, "the list after @ is empty"),
        ("7@2@", 4, "the list after @ is empty"),
        ("7@2,", 4, "an item is missing beside a comma"),
        ("7@,2", 2, "an item is missing beside a comma"),
        ("7@8-11", 2, "hours have no ranges: write 8,9,10,11 for '8-11'"),
        ("7@22-1", 2, "hours have no ranges: write 22,23,0,1 for '22-1'"),
        ("7@24", 2, "expected an hour from 0 to 23, not '24'; midnight is 0"),
        ("7@2,7.5", 4, "expected an hour from 0 to 23, not '7.5'"),
        ("7@monday", 2, "no day: 'monday'; did you mean mon?"),
        ("7@xyz", 2, "no day: 'xyz'; expected one of mon, tue, wed, thu, fri, sat, sun"),
        ("7@mon-fri-sat", 2, "expected a day such as mon, or a range such as mon-fri, not 'mon-fri-sat'"),
        ("7@mon,2", 6, "days and hours in one list, at '2'; write @ between them"),
        ("7@2,mon", 4, "days and hours in one list, at 'mon'; write @ between them"),
        ("7@mon@tue", 6, "a second list of days, 'tue'; write all days in one list"),
        ("7@-@tue", 4, "a second list of days, 'tue'; write all days in one list"),
        ("7@1@2", 4, "a second list of hours, '2'; write all hours in one list"),
        ("7@2,-", 4, "- stands alone, for no days"),
        ("7@mon@2@4", 8, "a third list, '4'; a spec has days and hours only"),
    ],
)
def test_a_mistake_names_the_item_and_what_helps(text: str, offset: int, says: str) -> None:
    assert offsets(text) == [offset]
    assert says in texts(text)[0]


def test_every_mistake_is_found_at_once() -> None:
    assert offsets("x@24,monday,7,@tue,wednesday@") == [0, 2, 5, 14, 19, 29]


@pytest.mark.parametrize(
    ("text", "is_spec"),
    [
        ("7", True),
        ("7@mon", True),
        (" 7 @ oops", True),
        ("7.5", True),
        ("-7@mon", True),
        ("@mon", True),
        ("web", False),
        ("web@7", False),
        ("10.0.0.5", False),
        ("7a", False),
        ("mon-fri@2", False),
    ],
)
def test_a_key_that_begins_with_a_count_is_meant_as_a_spec(text: str, is_spec: bool) -> None:
    assert is_meant_as_spec(text) is is_spec
