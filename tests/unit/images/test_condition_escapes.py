"""Hostile conditions: no way out of the language, and no unbounded work (sync 2)."""

from __future__ import annotations

import sys

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.images.condition import CompiledCondition
from fiwareglancesync.images.condition_language import ATTRIBUTES, FUNCTIONS, METHODS
from fiwareglancesync.images.model import Image
from fiwareglancesync.images.settings import ConditionError

IMAGE = Image(
    "i",
    "n",
    "Spain",
    visibility="public",
    tags=("a", "b"),
    user_properties={"k": "{0.__class__}", "long": "x" * 60_000},
)

REFUSED = [
    # attributes that lead to the interpreter
    "image.__class__",
    "image.__class__.__mro__[1].__subclasses__()",
    "().__class__.__bases__[0].__subclasses__()",
    "''.__class__",
    "image.name.__len__()",
    "image.user_properties.__class__",
    "image.__dict__",
    "image.__init__.__globals__['sys']",
    "image.user_properties.__getitem__('k')",
    "metadata_set.__reduce__()",
    "(image.is_active, image.order)",
    "image.order",
    "(image if True else image).name",
    "[image][0].name",
    "any(i.name for i in [image])",
    # formatting that reads attributes
    "'{0.__class__}'.format(image)",
    "'{0.__class__}'.format(image.name)",
    "image.user_properties['k'].format(image)",
    "'%s' % image.name",
    "f'{image.name}'",
    "f'{image.__class__}'",
    "'a'.format_map({})",
    "''.join(['a', 'b'])",
    "'a'.encode()",
    "'a'.replace('a', 'aaaa')",
    "'a'.zfill(1000000000)",
    "'a'.ljust(1000000000)",
    "'a'.center(1000000000)",
    "'a\ta'.expandtabs(1000000000)",
    # names and calls
    "__import__('os').system('true')",
    "eval('1')",
    "exec('1')",
    "compile('1', '', 'eval')",
    "open('/etc/passwd')",
    "getattr(image, 'name')",
    "globals()",
    "locals()",
    "vars(image)",
    "dir(image)",
    "type(image)",
    "object",
    "print('x')",
    "input()",
    "breakpoint()",
    "help()",
    "__builtins__",
    "__name__",
    "_",
    "str.format('{}', image)",
    "str.mro()",
    "set.__subclasses__()",
    "len.__self__",
    "(lambda: 1)()",
    "lambda: 1",
    "(any or all)([1])",
    "[len][0]([1])",
    "image.name()",
    "any(f([1]) for f in [len])",
    "str(image)",
    "str(b'a')",
    "image == image",
    "image in [image]",
    # identifiers that only look harmless: Python normalises them
    "ｅval('1')",
    "image.__ｃlass__",
    "image.＿＿class＿＿",
    "ｇetattr(image, 'name')",
    # shadowing
    "any(image for image in image.tags)",
    "any(len for len in image.tags)",
    "any(metadata_set for metadata_set in image.tags)",
    "any(t for t in image.tags for t in image.tags)",
    "any(any(t for t in image.tags) for t in image.tags)",
    "any(__class__ for __class__ in image.tags)",
    "any(_x for _x in image.tags)",
    "any(image.name for image.name in image.tags)",
    "any(x for x[0] in image.tags)",
    "any(1 for (a, (b, c)) in image.tags)",
    "any(1 for a, *b in image.tags)",
    "any(t for t in image.tags) and t == 'a'",
    # statements in disguise
    "(x := image.name)",
    "any((y := t) for t in image.tags)",
    "await image.name",
    "(yield image.name)",
    "(yield from image.tags)",
    "any(t async for t in image.tags)",
    "import os",
    "x = 1",
    "image.name = 'x'",
    "del image.name",
    "1; 2",
    "1\n2) or (3",
    "True) or (True",
    "assert True",
    # building large things
    "'a' * 1000000000",
    "['a'] * 1000000000",
    "9 ** 9 ** 9",
    "pow(9, 9)",
    "1 << 1000000",
    "1 + 1",
    "'a' + 'b'",
    "[*image.tags]",
    "{**image.user_properties}",
    "set(*image.tags)",
    "str(**{'object': 1})",
    "[t for t in image.tags]",
    "{t for t in image.tags}",
    "{t: t for t in image.tags}",
    "(t for t in image.tags)",
    "set(t for t in image.tags)",
    "range(1000000000)",
    "sorted(image.tags)",
    "max(image.tags)",
    "sum([1])",
    "list(image.tags)",
    "dict(a=1)",
    "bytes(1000000000)",
    "int('1', 36)",
    "int('z', base=36)",
    "str(image.name, 'utf-8')",
    # literals and operators out of the list
    "b'a'",
    "1j",
    "...",
    "-True",
    "-image.size",
    "+1",
    "~1",
    "image.size & 1",
    "image.size | 1",
    "metadata_set | metadata_set",
    "metadata_set - metadata_set",
    "image.size @ image.size",
    "image.size // 1",
    "image.name[0:1]",
    "image.name[::2]",
    "image.name[0:1, 2]",
    "image.name is image.name",
    # methods that change or that nobody listed
    "image.user_properties.pop('k')",
    "image.user_properties.update({})",
    "image.user_properties.clear()",
    "image.user_properties.setdefault('a', 'b')",
    "metadata_set.add('a')",
    "image.tags.count.__self__",
    "image.user_properties.get",
    # shape
    "\x00",
    "image.name\x00",
    "'\ud800'",
    "",
    "   ",
    "x" * 2001,
    "(" * 1000 + "1" + ")" * 999,
    "(" * 190 + "1" + ")" * 190 + " == image.nam",
    "[" * 100 + "]" * 100,
    "not " * 497 + "1",
    "-" * 1990 + "1",
    "~" * 1990 + "1",
    "1 if 1 else " * 160 + "1",
    "image.name" + "[0]" * 600,
    "image.name" + ".lower()" * 240,
    "'a'" + ".a" * 990,
    "len(" * 400 + "''" + ")" * 390,
    "any(" * 180 + "1" + " for x in image.tags)" * 60,
    "1==" * 660 + "1",
    "[" + "1," * 600 + "]",
    "{" + "1:1," * 400 + "}",
    "1" + " or 1" * 399 + " or 1 or 1" * 1 + " or image.nam",
]


@pytest.mark.parametrize("source", REFUSED, ids=lambda source: ascii(source)[:50])
def test_it_is_refused_when_the_configuration_is_read(source: str) -> None:
    with pytest.raises(ConfigError) as caught:
        CompiledCondition(source)
    assert caught.value.exit_code == 2
    assert str(caught.value).isprintable()


def doubling(levels: int, last: str) -> str:
    """An expression whose value holds itself twice, level upon level: small to write, huge to go over."""
    loops = "".join(f" for v{n} in [(v{n - 1}, v{n - 1})]" for n in range(1, levels))
    return f"any({last} for v0 in ['xxxxxxxx']{loops})".replace("LAST", f"v{levels - 1}")


def quoting(levels: int) -> str:
    """Printing quotes doubles the backslashes of what was printed before."""
    loops = "".join(f" for v{n} in [str([v{n - 1}])]" for n in range(1, levels))
    return f"any(len(v{levels - 1}) < 0 for v0 in ['\\\\\\\\']{loops})"


def nested(loops: int, source: str = "'0123456789'") -> str:
    return "any(x0 == 'no'" + "".join(f" for x{n} in {source}" for n in range(loops)) + ")"


LONG = "image.user_properties['long']"
ONCE = "for a in '0123456789'"
TWICE = f"{ONCE} for b in '0123456789'"

BOMBS = {
    "nested loops": nested(20),
    "loops over a long text": nested(2, f"{LONG}"),
    "a condition in the loop": f"any(False for a in {LONG} if len(a) == 2 for b in image.tags)",
    "generators within generators": f"all(all(all(a == b == c for c in {LONG}) "
    f"for b in {LONG}) for a in {LONG})",
    "printing a doubling": doubling(40, "str(LAST) == ''"),
    "comparing a doubling": doubling(40, "LAST == (LAST, 1)"),
    "comparing two equal doublings": doubling(40, "LAST == LAST"),
    "hashing a doubling": doubling(40, "LAST in metadata_set"),
    "a doubling in a set": doubling(40, "{LAST, 1} == 1"),
    "a doubling made a set": doubling(40, "set([LAST]) == 1"),
    "a doubling as a key": doubling(40, "{LAST: 1} == 1"),
    "a doubling as an index": doubling(40, "image.user_properties[LAST] == 1"),
    "a doubling asked for": doubling(40, "image.user_properties.get(LAST) == 1"),
    "a doubling in a list": doubling(40, "LAST in [LAST]"),
    "a doubling in a union": doubling(40, "metadata_set.union([LAST]) == 1"),
    "a doubling as a prefix": doubling(40, "'x'.startswith(LAST)"),
    "quotes of quotes": quoting(40),
    "splitting again and again": f"any(len({LONG}.split('x')) < 0 {ONCE})",
    "searching again and again": f"any({LONG}.find('y') > 0 {TWICE})",
    "in, again and again": f"any('y' in {LONG} {TWICE})",
    "upper, again and again": f"any({LONG}.upper() == a {TWICE})",
    "comparing long texts": f"any({LONG}.strip() != {LONG} {TWICE} for c in '0123456789')",
}


@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS.keys())
def test_work_is_bounded(source: str) -> None:
    condition = CompiledCondition(source)
    with pytest.raises(ConditionError, match=r"^the evaluation takes more than 100,000 steps$"):
        condition(IMAGE, frozenset({"nid"}))


def test_long_numbers_are_not_read() -> None:
    image = Image("i", "n", "Spain", user_properties={"a": "9" * 10_000})
    with pytest.raises(ConditionError, match=r"^int\(\) reads at most 40 characters$"):
        CompiledCondition("int(image.user_properties['a']) == 1")(image, frozenset())


def test_an_expression_as_deep_as_allowed_needs_little_of_the_stack() -> None:
    source = "image.is_public"
    for _ in range(38):
        source = f"not ({source})"
    condition = CompiledCondition(source)
    frame, used = sys._getframe(), 0
    while frame is not None:
        frame, used = frame.f_back, used + 1  # type: ignore[assignment]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(used + 150)
    try:
        assert condition(IMAGE, frozenset()) is True
    finally:
        sys.setrecursionlimit(limit)


def test_loops_in_loops_are_judged_within_the_stack() -> None:
    source = "any(True" + "".join(f" for x{n} in ['']" for n in range(80)) + ")"
    assert CompiledCondition(source)(IMAGE, frozenset()) is True


def test_a_text_in_a_property_is_only_ever_text() -> None:
    image = Image("i", "n", "Spain", user_properties={"a": "__import__('os').abort()", "{0}": "x"})
    assert CompiledCondition("str(image.user_properties).startswith('{')")(image, frozenset()) is True


def test_the_lists_are_those_of_the_contract() -> None:
    assert set(FUNCTIONS) == {"any", "all", "len", "set", "str", "int"}
    assert set(METHODS) == set(
        "startswith endswith lower upper strip split find count isdigit "  # noqa: SIM905
        "get keys values items intersection union difference issubset issuperset isdisjoint".split()
    )
    names = ATTRIBUTES.values()
    assert not [name for name in names if name.startswith("_") or not hasattr(IMAGE, name)]
