"""Laws of the resolver, on templates of any form (vault 5.1)."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.images.heat.template_nodes import plain
from fiwareglancesync.images.heat.yaml_nodes import DocumentError, parse_document
from tests.strategies import LAW
from tests.support.heat_files import mentioned, needed, resolved

NAMES = st.sampled_from(["a", "b", "image", "x", "", "%index%", "OS::stack_name", "0", "1", "true"])
FUNCTIONS = st.sampled_from(
    [
        *("get_param", "get_attr", "str_replace", "list_join", "if", "Ref", "Fn::Join", "Fn::Select", "Fn::FindInMap"),
        *("equals", "Fn::Sub", "Fn::If", "not", "and", "contains", "str_replace_strict", "get_file", "template", "<<"),
    ]
)
KEYS = st.sampled_from(
    [
        *("type", "Type", "properties", "Properties", "image", "ImageId", "resource_def", "resource", "params"),
        *("condition", "default", "Default", "constraints", "allowed_values", "custom_constraint", "resources"),
        *("block_device_mapping_v2", "count"),
    ]
)
TYPES = st.sampled_from(
    [
        *("OS::Nova::Server", "OS::Cinder::Volume", "OS::Heat::ResourceGroup", "OS::Heat::ResourceChain", "a.yaml"),
        *("b.yaml", "AWS::EC2::Instance", "http://x/y.yaml", "string", "json", "comma_delimited_list", "number"),
        "glance.image",
    ]
)
LEAVES = st.one_of(NAMES, TYPES, st.none(), st.booleans(), st.integers(-2, 5), st.floats(0, 2), st.just("%index%-x"))
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(KEYS, NAMES), inner, max_size=4),
        st.dictionaries(FUNCTIONS, inner, min_size=1, max_size=1),
    ),
    max_leaves=12,
)
SECTIONS = st.dictionaries(NAMES, VALUES, max_size=4)
VERSIONS = st.sampled_from(["2013-05-23", "2015-10-15", "2016-10-14", "2018-08-31", "2021-04-16", "pike", "none", ""])
RESOURCE = st.fixed_dictionaries({"type": TYPES, "properties": VALUES}, optional={"condition": VALUES})


def template(names: dict[str, Any], version: str, *, is_hot: bool) -> dict[str, Any]:
    """A template of either form."""
    if is_hot:
        return {"heat_template_version": version, **names}
    cased = {key.capitalize(): value for key, value in names.items()}
    return {"AWSTemplateFormatVersion": "2010-09-09", **cased}


TEMPLATES = st.builds(
    template,
    st.fixed_dictionaries(
        {
            "parameters": st.one_of(SECTIONS, VALUES),
            "resources": st.one_of(st.dictionaries(NAMES, RESOURCE, max_size=4), VALUES),
            "conditions": SECTIONS,
            "mappings": SECTIONS,
        }
    ),
    VERSIONS,
    is_hot=st.booleans(),
)
REGISTRY_KEYS = st.one_of(TYPES, st.just("OS::*"), st.just("resources"))
ENVIRONMENTS = st.fixed_dictionaries(
    {},
    optional={
        "parameters": SECTIONS,
        "parameter_defaults": SECTIONS,
        "resource_registry": st.dictionaries(REGISTRY_KEYS, VALUES, max_size=3),
    },
)


@LAW
@given(TEMPLATES, TEMPLATES, ENVIRONMENTS)
def test_any_templates_are_resolved(first: Any, second: Any, environment: Any) -> None:
    files = {"a.yaml": first, "b.yaml": second, "env.yaml": environment}
    images = resolved({name: yaml.safe_dump(value) for name, value in files.items()})
    assert not set(needed(images)) & set(mentioned(images))
    assert "" not in needed(images) + mentioned(images)
    unknown = {(entry.position, entry.expression) for entry in images.unresolved}
    assert not unknown & {(image.position, image.name) for image in images.needed}
    assert all(entry.reason and "\n" not in entry.reason for entry in images.unresolved)


@LAW
@given(TEMPLATES, ENVIRONMENTS)
def test_an_environment_takes_nothing_away(body: Any, environment: Any) -> None:
    alone = resolved({"a.yaml": yaml.safe_dump(body)})
    both = resolved({"a.yaml": yaml.safe_dump(body), "env.yaml": yaml.safe_dump(environment)})
    assert set(alone.needed) <= set(both.needed)
    assert set(mentioned(alone)) <= {*mentioned(both), *needed(both)}


@LAW
@given(TEMPLATES)
def test_what_is_excluded_is_only_mentioned(body: Any) -> None:
    text = {"a.yaml": yaml.safe_dump(body)}
    shown, hidden = resolved(text), resolved(text, frozenset(text))
    assert hidden.needed == ()
    assert set(mentioned(hidden)) == {*needed(shown), *mentioned(shown)}
    assert hidden.unresolved == shown.unresolved


@LAW
@given(TEMPLATES)
def test_yaml_and_json_mean_the_same(body: Any) -> None:
    as_yaml, as_json = (resolved({"a.yaml": text}) for text in (yaml.safe_dump(body), json.dumps(body)))
    assert sorted(needed(as_yaml)) == sorted(needed(as_json))
    assert set(mentioned(as_yaml)) == set(mentioned(as_json))


@LAW
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_any_text_is_read_or_refused(text: str) -> None:
    refused = "nothing"
    try:
        parse_document(text, "file")
    except DocumentError as error:
        refused = str(error)
    assert refused
    assert "\n" not in refused


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@LAW
@given(JSON)
def test_values_are_those_of_the_safe_loader(value: Any) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    parsed = parse_document(text, "file")
    assert parsed is not None
    assert parsed.problem is None
    assert plain(parsed.root) == yaml.safe_load(text)
