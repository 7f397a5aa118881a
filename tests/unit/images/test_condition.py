"""The language of metadata_condition, and how it points at what it does not know (sync 2)."""

from __future__ import annotations

import pickle
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.images.condition import CompiledCondition
from fiwareglancesync.images.model import Image
from fiwareglancesync.images.settings import ConditionError

IMAGE = Image(
    id="6e240dd4",
    name="base_ubuntu_14.04",
    region="Spain",
    owner="00000000000000000000000000000001",
    size=2**30,
    checksum="abc",
    visibility="public",
    disk_format="qcow2",
    container_format="bare",
    min_disk=10,
    tags=("stable", "lts"),
    user_properties={"type": "baseimages", "nid": "12", "list": "a, b,c"},
)
METADATA_SET = frozenset({"nid", "type"})


def evaluate(source: str, image: Image = IMAGE, metadata_set: frozenset[str] = METADATA_SET) -> bool:
    return CompiledCondition(source)(image, metadata_set)


def refusal(source: str) -> str:
    with pytest.raises(ConfigError) as caught:
        CompiledCondition(source)
    [problem] = caught.value.problems
    assert "\n" not in problem
    return problem


def failure(source: str, image: Image = IMAGE) -> str:
    condition = CompiledCondition(source)
    with pytest.raises(ConditionError) as caught:
        condition(image, METADATA_SET)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def with_properties(**properties: str) -> Image:
    return Image("i", "n", "Spain", visibility="public", user_properties=properties)


class TestDocumentedExamples:
    @pytest.mark.parametrize(
        ("properties", "selected"),
        [({"nid": "1"}, True), ({"type": ""}, True), ({"other": "1"}, False), ({}, False)],
    )
    def test_public_with_one_of_two_properties(self, properties: dict[str, str], selected: bool) -> None:
        source = "image.is_public and('nid' in image.user_properties or 'type' in image.user_properties)"
        assert evaluate(source, with_properties(**properties)) is selected
        private = Image("i", "n", "Spain", user_properties=properties)
        assert evaluate(source, private) is False

    @pytest.mark.parametrize(("kind", "selected"), [("baseimages", True), ("other", False)])
    def test_a_property_with_a_value(self, kind: str, selected: bool) -> None:
        source = "image.is_public and image.user_properties.get('type', None) == 'baseimages'"
        assert evaluate(source, with_properties(type=kind)) is selected
        assert evaluate(source, with_properties()) is False

    @pytest.mark.parametrize(
        ("metadata_set", "selected"), [(frozenset(), True), (METADATA_SET, True), (frozenset({"x"}), False)]
    )
    def test_the_default_written_out(self, metadata_set: frozenset[str], selected: bool) -> None:
        source = "image.is_public and (not metadata_set or metadata_set.intersection(image.user_properties))"
        assert evaluate(source, metadata_set=metadata_set) is selected

    def test_the_white_list(self) -> None:
        assert evaluate("False") is False


@pytest.mark.parametrize(
    "source",
    [
        "image.name == 'base_ubuntu_14.04'",
        "image.name != 'x' and image.region == 'Spain' and image.id == '6e240dd4'",
        "image.owner.endswith('1') and image.status == 'active' and image.visibility == 'public'",
        "image.disk_format in ('qcow2', 'raw') and image.container_format in ['bare']",
        "image.disk_format not in {'iso', 'vdi'}",
        "image.size > 1000000 and image.size <= 2000000000",
        "0 < image.min_disk <= 10 < image.size",
        "not 0 < image.min_disk < 5",
        "image.min_ram == 0 and not image.protected and not image.hidden",
        "image.checksum is not None and image.hash_algo is None and image.hash_value is None",
        "image.is_public is True",
        "image.created_at == ''",
        "'lts' in image.tags and image.tags[0] == 'stable' and image.tags[-1] == 'lts'",
        "image.user_properties['type'] == 'baseimages'",
        "len(image.user_properties) == 3 and len(metadata_set) == 2 and len(image.tags) == 2",
        "int(image.user_properties['nid']) >= 12",
        "str(image.min_disk) == '10'",
        "set(image.tags) == {'lts', 'stable'} and set() == set([])",
        "image.name.startswith(('base_', 'x')) and image.name.lower().upper() == 'BASE_UBUNTU_14.04'",
        "image.name.split('_')[1] == 'ubuntu' and image.name.find('ubuntu') == 5 and image.name.count('_') == 2",
        "' x '.strip() == 'x' and image.user_properties.get('nid').isdigit()",
        "any(tag.startswith('st') for tag in image.tags)",
        "all(len(tag) < 9 for tag in image.tags)",
        "not all(tag == 'lts' for tag in image.tags)",
        "any(key == 'nid' and value == '12' for key, value in image.user_properties.items())",
        "any(part.strip() == 'b' for part in image.user_properties['list'].split(','))",
        "any(a == b for a in image.tags for b in ('lts', 'x') if a != 'x' if b != 'x')",
        "any(any(a == b for b in metadata_set) for a in image.user_properties)",
        "any(t == 'lts' for t in image.tags) and any(t == 'stable' for t in image.tags)",
        "any(x for a in image.tags for x in [any(x == a for x in image.tags)])",
        "all(a in (a, b) and any(c == b for c in (a, b)) for a, b in [('x', 'y'), 'zz'] for d in [a] if d == a)",
        "any(c for a in image.tags for c in [all(d == a for d in [a])]) and not all(a for a in ['', 'b'])",
        "{1: 'a', 'b': [2, -3]}['b'] == [2, -3] and {image.name, 'a'} == {'a', image.name}",
        "(0 or '' or image.name) == image.name and (1 and image.tags and 'x') == 'x'",
        "any([False, image.is_public]) and all(image.tags) and not any(())",
        "'nid' in image.user_properties.keys() and '12' in image.user_properties.values()",
        "metadata_set.union(['a'], ['b']).issuperset({'a', 'b', 'nid'})",
        "metadata_set.issubset(image.user_properties) and metadata_set.isdisjoint(image.tags)",
        "metadata_set.difference(['nid']) == {'type'}",
        "{'a'}.union(metadata_set).intersection(['a']) == set('a') and str({'a'}) == str(set(['a']))",
        "(image.size if image.is_public else 0) > 5",
        "{'public': True, 'private': False}[image.visibility]",
        "(image.name, image.region) in [('base_ubuntu_14.04', 'Spain'), ('x', 'y')]",
        "image.min_disk > -1 and -1.5 < 0",
        "image.is_public or image.user_properties['no such'] == 'x'",
        "'ubuntu' in image.name",
        "\n image.is_public\n  and True  ",
    ],
)
def test_the_language(source: str) -> None:
    assert evaluate(source) is True
    python = eval(  # noqa: S307  the judge of what each of these sentences means
        f"bool({source.strip()})", {"image": IMAGE, "metadata_set": METADATA_SET}
    )
    assert python is True


def test_properties_may_be_a_read_only_view() -> None:
    image = Image("i", "n", "Spain", user_properties=MappingProxyType({"a": "b"}))
    assert evaluate("image.user_properties.get('a') == 'b' and 'a' in image.user_properties", image)
    assert evaluate("len(image.user_properties) == 1", image)
    assert evaluate("any(v == 'b' for k, v in image.user_properties.items())", image)


def test_an_image_without_properties_has_an_empty_mapping() -> None:
    image = Image("i", "n", "Spain")
    assert not evaluate("'a' in image.user_properties or image.user_properties.get('a')", image)
    assert evaluate("len(image.user_properties) == 0", image)
    assert not evaluate("any(v for k, v in image.user_properties.items())", image)
    assert not evaluate("metadata_set.intersection(image.user_properties)", image)


def test_conditions_with_many_alternatives() -> None:
    source = " or ".join(f"image.name == 'n{number}'" for number in range(70))
    assert evaluate(source, Image("i", "n69", "Spain"))
    assert not evaluate(source, Image("i", "n70", "Spain"))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("image.user_properties['x'] == '1'", "there is no 'x'; get() gives None instead"),
        ("image.hash_value.startswith('a')", "startswith() is for text, found None"),
        ("image.tags.get('a')", None),
        ("image.hash_value > 3", "'>' not supported between instances of 'NoneType' and 'int'"),
        ("image.tags[7] == 'x'", "tuple index out of range"),
        ("metadata_set['x']", "'frozenset' object is not subscriptable"),
        ("int('x') == 1", "invalid literal for int() with base 10: 'x'"),
        ("int(image.tags) == 1", "int() argument must be a string, a bytes-like object or a real number, not 'tuple'"),
        ("int(1e999) == 1", "cannot convert float infinity to integer"),
        ("len(image.size) == 1", "object of type 'int' has no len()"),
        ("any(x for x in image.size)", "'int' object is not iterable"),
        ("metadata_set.union(image.size)", "'int' object is not iterable"),
        ("'a' in image.hash_value", "argument of type 'NoneType' is not iterable"),
        ("{image.tags, {'a': 1}} == {}", "unhashable type: 'dict'"),
        ("{{image.name}} == 1", "unhashable type: 'set'"),
        ("{set(image.tags): 1} == 1", "unhashable type: 'set'"),
        ("any(a for a, b in image.tags)", "a loop binds 2 names, found 6 values"),
        ("1 in image.name", "'in <string>' requires string as left operand, not int"),
    ],
)
def test_an_image_that_cannot_be_judged_gives_a_reason(source: str, reason: str | None) -> None:
    text = failure(source)
    assert text == (reason or "get() is for mappings, found a value of type tuple")


def test_a_reason_from_a_hostile_property_is_one_printable_line() -> None:
    text = failure("int(image.user_properties['a']) == 1", with_properties(a="x\n\x1b[2J"))
    assert text.isprintable()


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            "image.nam == 'x'",
            "column 1, at 'image.nam': this attribute is not permitted, did you mean name?; permitted are id, ",
        ),
        (
            "true",
            "column 1, at 'true': this name is not permitted, did you mean True?; permitted are metadata_set, image.…",
        ),
        ("imag.name", "column 1, at 'imag': this name is not permitted, did you mean image.…?; permitted are "),
        ("image", "column 1, at 'image': this name is not permitted, did you mean image.…?; permitted are "),
        ("len", "column 1, at 'len': this name is not permitted, did you mean len()?; permitted are "),
        (
            "image.is_public and image.user_properties.has_key('nid')",
            "column 21, at 'image.user_properties.has_key': this method is not permitted, "
            "did you mean 'key' in image.user_properties?; permitted are ",
        ),
        (
            "image.user_properties.iteritems()",
            "column 1, at 'image.user_properties.iteritems': this method is not permitted, did you mean items?; ",
        ),
        (
            "image.name.lowr()",
            "column 1, at 'image.name.lowr': this method is not permitted, did you mean lower?; permitted are ",
        ),
        (
            "image.name.lower",
            "column 1, at 'image.name.lower': this attribute is not permitted, did you mean lower()?; permitted are ",
        ),
        (
            "True and max(image.tags)",
            "column 10, at 'max': this function is not permitted; permitted are any, all, len, set, str, int",
        ),
        ("'ñ' == image.nam", "column 8, at 'image.nam': this attribute is not permitted"),
        ("image.is_public and", "column 20, at the end: expected a Python expression: invalid syntax"),
        ("image.name = 'x'", "expected a Python expression: "),
        (
            "(image.is_public # yes\n and image.protected)",
            "column 1, at '(image.is_public # yes  and image.prote…': expected a Python expression: "
            "'(' was never closed; a # outside a text hides the rest",
        ),
        ("", "expected a Python expression: "),
        (
            "image.is_public # yes",
            "column 17, at '# yes': a comment would hide the rest, expected none inside",
        ),
        ("image.name.lower(1)", "lower() is given 1 arguments, expected 0"),
        (
            "image.name.split(sep='a')",
            "column 1, at 'image.name.split(sep='a')': arguments with a name are not permitted",
        ),
        ("image.name is 'a'", "is compares with None, True or False only; write == instead"),
        (
            "image.name[:3] == 'abc'",
            "column 12, at ':3': this part is not permitted; permitted are literals, image.…, ",
        ),
        ("image.size % 2", "column 1, at 'image.size % 2': this part is not permitted; permitted are literals, "),
        (
            "[t for t in image.tags]",
            "column 1, at '[t for t in image.tags]': this part is not permitted; permitted are literals, image.…, "
            "metadata_set, and, or, not, comparisons, in, … if … else …, an index, any(… for …), all(… for …), "
            "functions, methods",
        ),
        ("len(t for t in image.tags)", "column 4, at '(t for t in image.tags)': this part is not permitted; "),
        ("-image.size", "column 1, at '-image.size': only a minus before a number is permitted"),
        ("any(x for _x in '')", "column 11, at '_x': expected a name that is not taken and does not start with _"),
        ("{**image.user_properties}", "column 1, at '{**image.user_properties}': ** is not permitted"),
    ],
)
def test_what_is_not_in_the_language_is_pointed_at(source: str, problem: str) -> None:
    assert problem in refusal(source)


def test_a_hash_inside_text_is_no_comment() -> None:
    assert evaluate("image.name != '#'")


class TestValue:
    def test_it_survives_pickling(self) -> None:
        condition = pickle.loads(pickle.dumps(CompiledCondition("image.is_public")))  # noqa: S301
        assert condition(IMAGE, METADATA_SET) is True

    def test_equal_sources_are_equal(self) -> None:
        one, other = CompiledCondition("image.is_public"), CompiledCondition("image.is_public")
        assert one == other
        assert hash(one) == hash(other)
        assert one != CompiledCondition("not image.is_public")
        assert repr(one) == "CompiledCondition(source='image.is_public')"


ATOMS = st.sampled_from(
    [
        "image.name",
        "image.tags",
        "image.size",
        "image.user_properties",
        "metadata_set",
        "'a'",
        "1",
        "None",
        "-2.5",
        "x",
    ]
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or", "==", "<", "in", "not in", "is", "+"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        st.tuples(st.sampled_from(["len", "set", "str", "int", "any", "all", "not "]), inner).map(
            lambda parts: f"{parts[0]}({parts[1]})"
        ),
        st.tuples(inner, st.sampled_from(["get", "split", "keys", "union", "strip", "count"]), inner).map(
            lambda parts: f"{parts[0]}.{parts[1]}({parts[2]})"
        ),
        st.tuples(inner, inner).map(lambda parts: f"{parts[0]}[{parts[1]}]"),
        st.tuples(inner, inner).map(lambda parts: f"any({parts[0]} for x in {parts[1]})"),
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"{{{', '.join(parts)}}}"),
    ),
    max_leaves=12,
)


def judge(source: str) -> Any:
    try:
        return CompiledCondition(source)(IMAGE, METADATA_SET)
    except (ConfigError, ConditionError) as error:
        return type(error)


@given(EXPRESSIONS | st.text() | st.text(alphabet="image.(){}[]'\"= notad\\\n#,:for"))
def test_no_text_ends_in_anything_but_an_answer_or_an_error_of_ours(source: str) -> None:
    assert judge(source) in (True, False, ConfigError, ConditionError)


@given(EXPRESSIONS)
def test_an_answer_is_that_of_python(source: str) -> None:
    answer = judge(source)
    if isinstance(answer, bool):
        python = eval(source, {"image": IMAGE, "metadata_set": METADATA_SET})  # noqa: S307  the judge
        assert answer is bool(python)
