"""The white list of ``metadata_condition`` (sync 2), and what is said about all the rest."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from .condition_values import FUNCTIONS

MAX_DEPTH = 40
"""Levels of nesting of an expression; deeper ones would need a deep Python stack."""

ATTRIBUTES = frozenset({
    "id", "name", "owner", "size", "region", "is_public", "visibility", "checksum", "status", "disk_format",
    "container_format", "tags", "user_properties", "min_disk", "min_ram", "protected", "hidden", "created_at",
    "hash_algo", "hash_value", "os_hidden",
})  # fmt: skip
"""Attributes of ``image``."""

HIDDEN = "hidden"
ALIASES: Mapping[str, str] = {"os_hidden": HIDDEN}
"""What Glance calls attributes of ``image`` that have another name here."""

IMAGE, METADATA_SET = "image", "metadata_set"
RESERVED = frozenset({IMAGE, METADATA_SET, *FUNCTIONS})
HINTS: Mapping[type[ast.AST], str] = {
    ast.BinOp: "arithmetic and % are not allowed",
    ast.UnaryOp: "only not, and a minus before a number, are allowed",
    ast.Lambda: "lambda is not allowed",
    ast.NamedExpr: "assignment is not allowed",
    ast.JoinedStr: "f-strings are not allowed",
    ast.ListComp: "write any(… for …) or all(… for …)",
    ast.SetComp: "write any(… for …) or all(… for …)",
    ast.DictComp: "write any(… for …) or all(… for …)",
    ast.GeneratorExp: "a generator stands only inside any(…) or all(…)",
    ast.Starred: "* is not allowed",
    ast.Slice: "slices are not allowed, only an index",
    ast.Await: "await is not allowed",
    ast.Yield: "yield is not allowed",
    ast.YieldFrom: "yield is not allowed",
}
RENAMED: Mapping[str, str] = {
    "has_key": "has_key is gone from Python: write 'key' in image.user_properties",
    "iteritems": "iteritems is gone from Python: write items()",
    "iterkeys": "iterkeys is gone from Python: write keys()",
    "itervalues": "itervalues is gone from Python: write values()",
}
