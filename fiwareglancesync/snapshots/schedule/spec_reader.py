"""Reads a spec, and finds every mistake in it with its position (snapshots 2.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ...base.text import show
from .snapshot_spec import ALL_DAYS, DAYS, HOURS_OF_DAY, MIDNIGHT, NO_DAYS, Spec

BLANKS = " \t"
MOST_DIGITS = 6
"""Digits of the largest count; a longer one is a mistake."""

MOST_LISTS = 2
EXAMPLE = "7@mon-fri@2,4"

_NUMBER = re.compile(r"[0-9]+")
_NUMBER_LIKE = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_RANGE_OF_HOURS = re.compile(r"([0-9]{1,2})\s*-\s*([0-9]{1,2})")
_WORDS = re.compile(r"([A-Za-z]+)(?:\s*-\s*([A-Za-z]+))?")


@dataclass(frozen=True, slots=True)
class SpecMistake:
    """What is wrong in a spec.

    :param offset: of the item in the text, in characters
    :param text: what is wrong with it, and what is expected; it names the item
    """

    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class ReadSpec:
    """A text that was read as a spec.

    :param spec: None when there is a mistake
    :param mistakes: in the order of the text
    """

    spec: Spec | None
    mistakes: Sequence[SpecMistake] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the text without the blanks around it."""

    text: str
    offset: int


@dataclass(slots=True)
class _List:
    """One list of a spec: days or hours, whichever its items are."""

    days: set[int] = field(default_factory=set)
    hours: set[int] = field(default_factory=set)
    is_of_days: bool | None = None
    mistakes: list[SpecMistake] = field(default_factory=list)

    def refuse(self, item: _Part, text: str) -> None:
        """Note a mistake."""
        self.mistakes.append(SpecMistake(item.offset, text))


def read_spec(text: str) -> ReadSpec:
    """Read a spec.

    :param text: as the user wrote it
    """
    parts = list(_split(_Part(text, 0), "@"))
    count, mistakes = _read_count(parts[0])
    lists = [_read_list(part) for part in parts[1 : 1 + MOST_LISTS]]
    for each in lists:
        mistakes.extend(each.mistakes)
    if len(parts) > 1 + MOST_LISTS:
        extra = parts[1 + MOST_LISTS]
        mistakes.append(SpecMistake(extra.offset, f"a third list, {_shown(extra)}; a spec has days and hours only"))
    elif len(lists) == MOST_LISTS and lists[0].is_of_days is lists[1].is_of_days is not None:
        kind = "days" if lists[1].is_of_days else "hours"
        found = _shown(parts[2])
        mistakes.append(SpecMistake(parts[2].offset, f"a second list of {kind}, {found}; write all {kind} in one list"))
    if mistakes:
        return ReadSpec(None, sorted(mistakes, key=lambda mistake: mistake.offset))
    days, hours = ALL_DAYS, MIDNIGHT
    for each in lists:
        if each.is_of_days:
            days = frozenset(each.days)
        else:
            hours = frozenset(each.hours)
    return ReadSpec(Spec(count, days, hours))


def is_meant_as_spec(text: str) -> bool:
    """Whether a key of a schedule file is a spec, or was meant as one: what begins with a count, not a server's name.

    :param text: the key
    """
    count, at, _ = text.partition("@")
    count = count.strip(BLANKS)
    return bool(_NUMBER_LIKE.fullmatch(count)) or bool(at and not count)


def is_count_alone(text: str) -> bool:
    """Whether a spec consists of digits only.

    :param text: as the user wrote it
    """
    return bool(_NUMBER.fullmatch(text.strip(BLANKS)))


def _split(part: _Part, separator: str) -> Iterator[_Part]:
    offset = part.offset
    for piece in part.text.split(separator):
        stripped = piece.lstrip(BLANKS)
        yield _Part(stripped.rstrip(BLANKS), offset + len(piece) - len(stripped))
        offset += len(piece) + len(separator)


def _shown(part: _Part) -> str:
    return f"'{show(part.text)}'"


def _read_count(part: _Part) -> tuple[int, list[SpecMistake]]:
    if _NUMBER.fullmatch(part.text):
        if len(part.text.lstrip("0")) <= MOST_DIGITS:
            return int(part.text), []
        return 0, [SpecMistake(part.offset, f"the count has more than {MOST_DIGITS} digits")]
    if not part.text:
        return 0, [SpecMistake(part.offset, f"the count is missing; expected a spec such as {EXAMPLE}")]
    text = f"expected a count, a whole number of copies, as in {EXAMPLE}, not {_shown(part)}"
    return 0, [SpecMistake(part.offset, text)]


def _read_list(part: _Part) -> _List:
    found = _List()
    if not part.text:
        found.refuse(part, "the list after @ is empty; leave @ out for every day, or for hour 0")
        return found
    items = list(_split(part, ","))
    if len(items) == 1 and items[0].text == NO_DAYS:
        found.is_of_days = True
        return found
    for item in items:
        _read_item(item, found)
    return found


def _read_item(item: _Part, found: _List) -> None:
    if not item.text:
        found.refuse(item, "an item is missing beside a comma")
        return
    is_day = item.text[0].isalpha()
    if found.is_of_days is None:
        found.is_of_days = is_day
    elif found.is_of_days is not is_day:
        found.refuse(item, f"days and hours in one list, at {_shown(item)}; write @ between them")
        return
    if is_day:
        _read_days(item, found)
    else:
        _read_hour(item, found)


def _read_days(item: _Part, found: _List) -> None:
    match = _WORDS.fullmatch(item.text)
    names = [] if match is None else [name.lower() for name in match.groups() if name is not None]
    wrong = [name for name in names if name not in DAYS]
    if not names:
        found.refuse(item, f"expected a day such as mon, or a range such as mon-fri, not {_shown(item)}")
    elif wrong:
        meant = next((day for day in DAYS if wrong[0].startswith(day)), None)
        hint = f"; did you mean {meant}?" if meant else f"; expected one of {', '.join(DAYS)}"
        found.refuse(item, f"no day: {_shown(item)}{hint}")
    else:
        first, last = DAYS.index(names[0]), DAYS.index(names[-1])
        length = (last - first) % len(DAYS) + 1
        found.days.update((first + number) % len(DAYS) for number in range(length))


def _read_hour(item: _Part, found: _List) -> None:
    if _NUMBER.fullmatch(item.text) and len(item.text.lstrip("0")) <= 2 and int(item.text) < HOURS_OF_DAY:
        found.hours.add(int(item.text))
        return
    text = f"expected an hour from 0 to 23, not {_shown(item)}"
    match = _RANGE_OF_HOURS.fullmatch(item.text)
    if item.text == NO_DAYS:
        text = "- stands alone, for no days"
    elif match is not None and max(int(match[1]), int(match[2])) < HOURS_OF_DAY:
        first, last = int(match[1]), int(match[2])
        length = (last - first) % HOURS_OF_DAY + 1
        hours = ",".join(str((first + number) % HOURS_OF_DAY) for number in range(length))
        text = f"hours have no ranges: write {hours} for {_shown(item)}"
    elif item.text == str(HOURS_OF_DAY):
        text += "; midnight is 0"
    found.refuse(item, text)
