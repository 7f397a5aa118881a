"""Which properties of which resources are images of Glance (vault 5.1). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .template_nodes import OMITTED, Alternatives, Fields, Items, Node, Scalar, Unknown, expression_of

EACH = "*"
"""In the path of a property: each item of a list."""

Path = tuple[str, ...]

USES: Mapping[str, tuple[Path, ...]] = {
    "OS::Nova::Server": (
        ("image",),
        ("block_device_mapping_v2", EACH, "image"),
        ("block_device_mapping_v2", EACH, "image_id"),
    ),
    "OS::Cinder::Volume": (("image",), ("imageRef",)),
    "OS::Magnum::ClusterTemplate": (("image",),),
    "OS::Magnum::BayModel": (("image",),),
    "AWS::EC2::Instance": (("ImageId",),),
    "AWS::AutoScaling::LaunchConfiguration": (("ImageId",),),
}

SAHARA = "OS::Sahara::"
SAHARA_USES: tuple[Path, ...] = (("image_id",), ("default_image_id",))


MENTIONS: Mapping[str, tuple[Path, ...]] = {
    "OS::Senlin::Profile": (
        ("properties", "image"),
        ("properties", "block_device_mapping_v2", EACH, "uuid"),
    ),
    "OS::Glance::WebImage": (("kernel_id",), ("ramdisk_id",)),
    "OS::Sahara::ImageRegistry": (("image",),),
}
"""Properties of further resources that may be images of Glance; they are only mentioned."""

TYPES_OF_HEAT = re.compile(
    "(AWS|OS::(Aodh|Barbican|Blazar|Ceilometer|Congress|Designate|Glance|Gnocchi|Heat|Ironic|Keystone"
    "|Manila|Metering|Mistral|Monasca|Neutron|Octavia|Sahara|Senlin|Swift|Trove|Vitrage|Zaqar|Zun))::"
    r"\w+(::\w+)*"
    "|OS::Cinder::(EncryptedVolumeType|QoSAssociation|QoSSpecs|Quota|Volume|VolumeAttachment|VolumeType)"
    "|OS::Magnum::(Bay|BayModel|Cluster|ClusterTemplate)"
    "|OS::Nova::(Flavor|FloatingIP|FloatingIPAssociation|HostAggregate|KeyPair|Quota|Server|ServerGroup)"
)
"""The types of resources that Heat has; a registry gives the others.

Of the services whose resources use images each type is named, so that a wrong one does not hide an image.
"""


def is_type_of_heat(kind: str) -> bool:
    """Whether a resource has a type of Heat, and not one that an environment has to explain.

    :param kind: its type
    """
    return TYPES_OF_HEAT.fullmatch(kind) is not None


def paths_of(kind: str) -> tuple[Path, ...]:
    """Where a resource names images.

    :param kind: its type
    """
    return SAHARA_USES if kind.startswith(SAHARA) else USES.get(kind, ())


def images_of(kind: str, properties: Node) -> Iterator[Node]:
    """The values that are images in the properties of a resource.

    :param kind: its type
    :param properties: evaluated
    """
    for path in paths_of(kind):
        yield from _values(properties, path)
    for path in MENTIONS.get(kind, ()):
        for value in _values(properties, path):
            yield value if isinstance(value, Unknown) else Alternatives(value.position, OMITTED, (value,))


def _values(node: Node, path: Path) -> Iterator[Node]:
    """The values at a path; where a part of it is not known, that part."""
    if isinstance(node, Unknown) or not path:
        yield node
    elif isinstance(node, Alternatives):
        # One value of the whole stands beside the others, so that only the actual one is needed.
        actual = list(_values(node.actual, path))
        others = [value for other in node.others for value in _values(other, path)]
        yield from actual
        if others:
            yield Alternatives(node.position, OMITTED, tuple(others))
    elif path[0] == EACH and isinstance(node, Items):
        for item in node.items:
            yield from _values(item, path[1:])
    elif isinstance(node, Fields) and path[0] != EACH:
        if path[0] in node.entries:
            yield from _values(node.entries[path[0]], path[1:])
    elif not isinstance(node, Scalar) or node.value is not None:
        reason = "it is no list" if path[0] == EACH else "it is no mapping"
        yield Unknown(node.position, expression_of(node), reason)
