"""Specs, and the many ways to write each of them."""

from __future__ import annotations

from hypothesis import strategies as st

from fiwareglancesync.snapshots.schedule.snapshot_spec import ALL_DAYS, DAYS, MIDNIGHT, Spec

BLANKS = st.sampled_from(["", "", "", " ", "\t", "  "])


def specs(most: int = 999) -> st.SearchStrategy[Spec]:
    """Any spec.

    :param most: the largest count
    """
    days = st.one_of(st.just(ALL_DAYS), st.frozensets(st.integers(0, 6)))
    hours = st.one_of(st.just(MIDNIGHT), st.frozensets(st.integers(0, 23), min_size=1, max_size=5))
    return st.builds(Spec, st.integers(0, most), days, hours)


@st.composite
def written(draw: st.DrawFn, spec: Spec) -> str:
    """One of the texts that mean a spec."""

    def spaced(text: str) -> str:
        return draw(BLANKS) + text + draw(BLANKS)

    lists = []
    if spec.days != ALL_DAYS or draw(st.booleans()):
        lists.append(",".join(map(spaced, draw(_days(spec.days)))) or spaced("-"))
    if spec.hours != MIDNIGHT or draw(st.booleans()):
        hours = draw(st.permutations(sorted(spec.hours)))
        lists.append(",".join(spaced(draw(st.sampled_from([str(hour), f"{hour:02d}"]))) for hour in hours))
    count = draw(st.sampled_from([str(spec.count), f"0{spec.count}"]))
    return "@".join([spaced(count), *draw(st.permutations(lists))])


@st.composite
def _days(draw: st.DrawFn, days: frozenset[int]) -> list[str]:
    """The items of a list of days: each alone, and some ranges besides, which may wrap."""
    items = [_cased(draw, DAYS[day]) for day in sorted(days)]
    if days:
        first = draw(st.sampled_from(sorted(days)))
        length = 1
        while length < len(DAYS) and (first + length) % len(DAYS) in days:
            length += 1
        last = (first + draw(st.integers(0, length - 1))) % len(DAYS)
        items.append(f"{_cased(draw, DAYS[first])}{draw(BLANKS)}-{draw(BLANKS)}{_cased(draw, DAYS[last])}")
    return draw(st.permutations(items))


def _cased(draw: st.DrawFn, name: str) -> str:
    return draw(st.sampled_from([name, name.upper(), name.title()]))
