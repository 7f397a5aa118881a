"""Finds and parses ``clouds.yaml`` and the files beside it, so that an error names file and line.

openstacksdk skips a file that it cannot read, and fetches some profiles of vendors from the network; this program does
neither.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base.text import nearest, show

CloudEntry = dict[str, Any]


MAX_FILE = 4 * 2**20
"""Bytes of the largest file that is read."""

MAX_NODES = 100_000
"""Values of the largest document that is used; a value that YAML references repeat is counted each time."""


class CloudProblem(Exception):
    """The entry cannot be used; the text completes "[section] cloud: …" and holds no secret."""


@dataclass(frozen=True)
class RawEntry:
    """An entry as it is in the files.

    :param own: its own keys
    :param whole: its own keys, and those of the profile that it names
    :param file: the file that contains it
    :param warnings: what is odd about its profile
    """

    own: CloudEntry
    whole: CloudEntry
    file: str
    warnings: list[str] = field(default_factory=list)


def find_entry(name: str, environ: Mapping[str, str]) -> RawEntry:
    """Find an entry in the files.

    :param name: its name
    :param environ: for ``OS_CLIENT_CONFIG_FILE`` and ``OS_CLIENT_SECURE_FILE``
    :raises CloudProblem: there is none, or a file cannot be read
    """
    from openstack.config import loader

    file, document = _first(environ, "OS_CLIENT_CONFIG_FILE", loader.CONFIG_FILES)
    if not file:
        raise CloudProblem(
            f"found {name!r}, but there is no readable clouds.yaml; expected one in the current folder, "
            "in ~/.config/openstack or in /etc/openstack, or OS_CLIENT_CONFIG_FILE to name one"
        )
    secure_file, secure = _first(environ, "OS_CLIENT_SECURE_FILE", loader.SECURE_FILES)
    clouds = _merged(_mapping(document, "clouds", file), _mapping(secure, "clouds", secure_file))
    if name not in clouds:
        names = ", ".join(sorted(map(str, clouds))) or "none"
        near = nearest(name, map(str, clouds))
        meant = f"; did you mean {near}?" if near else ""
        raise CloudProblem(f"found {name!r}, expected an entry of {file}; it has: {names}{meant}")
    own = clouds[name]
    if not isinstance(own, dict):
        raise CloudProblem(f"the entry {name!r} of {file} holds no keys; expected auth, region_name and others")
    own = _with_underscores(own)
    for key in ("auth", "profile", "cloud"):
        if key in own and not isinstance(own[key], dict if key == "auth" else str):
            kind = "keys" if key == "auth" else "a name"
            raise CloudProblem(f"the entry {name!r} of {file}: {key}: expected {kind}")
    entry = RawEntry(own, own, file)
    profile = _profile(name, entry, loader.VENDOR_FILES)
    if {"regions", "region_name"} & own.keys():
        profile = {key: value for key, value in profile.items() if key not in ("regions", "region_name")}
    return RawEntry(own, _merged(profile, own), file, entry.warnings)


def _first(environ: Mapping[str, str], variable: str, usual: Sequence[str]) -> tuple[str, Any]:
    """The first file that exists and can be read, with its parsed content; "" when there is none."""
    named = environ.get(variable, "").strip()
    for path in ([named] if named else []) + list(usual):
        try:
            with Path(os.path.expanduser(path)).open("rb") as file:
                data = file.read(MAX_FILE + 1)
            text = data.decode("utf-8")
        except (OSError, ValueError) as error:
            if path == named:
                reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
                raise CloudProblem(
                    f"the file {show(path, 200)}, which {variable} names, cannot be read: {reason}"
                ) from error
            if isinstance(error, OSError):
                continue
            raise CloudProblem(f"{path}: expected UTF-8 text") from error
        if len(data) > MAX_FILE:
            raise CloudProblem(f"{path}: the file is larger than 4 MiB, expected a file as openstacksdk reads it")
        document = _parsed(text, path)
        _refuse_endless(document, path)
        return path, document
    return "", None


def _parsed(text: str, path: str) -> Any:
    """Parse a file. The message of the parser is not shown: it may quote a password."""
    import yaml

    try:
        if path.endswith("json"):
            return json.loads(text)
        _refuse_duplicates(yaml.compose(text, yaml.SafeLoader), path)
        return yaml.safe_load(text)
    except json.JSONDecodeError as error:
        raise CloudProblem(f"{path}:{error.lineno}: cannot be read as JSON from column {error.colno} on") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else path
        column = f" from column {mark.column + 1} on" if mark else ""
        text = f"{where}: cannot be read as YAML{column}; a value with special characters needs quotes"
        raise CloudProblem(text) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise CloudProblem(f"{path}: cannot be read as YAML; expected a file as openstacksdk reads it") from error


def _refuse_duplicates(root: Any, path: str) -> None:
    """Refuse a key that is given twice, because the last one would replace the first without a warning.

    :param root: the document's node, or None
    """
    import yaml

    seen, waiting = set(), [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias may lead back
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                waiting.append(value)
                if isinstance(key, yaml.ScalarNode) and key.value in keys and key.value != "<<":
                    line = key.start_mark.line + 1
                    raise CloudProblem(f"{path}:{line}: {show(key.value)} is given twice; keep one of them")
                keys.add(str(key.value))


def _refuse_endless(document: Any, path: str) -> None:
    """Refuse a document that references make endless, or much larger than its file, because it is walked through."""
    left, found = MAX_NODES, [document]
    while found:
        value = found.pop()
        found += value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        left -= 1
        if left < len(found):
            raise CloudProblem(f"{path}: references (& and *) repeat too much; write the values out instead")


def _mapping(document: Any, key: str, file: str) -> CloudEntry:
    """A part of a document; empty when the document has no such part."""
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise CloudProblem(f"{file}: expected {key}: and the entries below it")
    part = document.get(key)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise CloudProblem(f"{file}: {key}: expected entries, each with a name")
    return part


def _profile(name: str, entry: RawEntry, vendor_files: Sequence[str]) -> CloudEntry:
    """The keys of the vendor's profile that an entry names; none when it names none, or does not need it."""
    wanted = str(entry.own.get("profile") or entry.own.get("cloud") or "")
    if not wanted:
        return {}
    file, document = _first({}, "", vendor_files)
    profile = _mapping(document, "public-clouds", file).get(wanted) or _shipped(wanted)
    origin = str((profile or {}).get("profile") or wanted)
    if origin != wanted and not _is_remote(origin):
        profile = _shipped(origin)
    if _is_remote(origin):
        _refuse_remote(name, wanted, entry)
        return {}
    if not isinstance(profile, dict):
        near = nearest(wanted, _shipped_names())
        meant = f"; did you mean {near}?" if near else ""
        entry.warnings.append(f"there is no profile {wanted!r}, so nothing is taken from it{meant}")
        return {}
    status = profile.get("status", "active")
    if status != "active":
        text = f"the profile {wanted!r} is of a cloud that is {status}: {show(str(profile.get('message', '')), 200)}"
        if status == "shutdown":
            raise CloudProblem(f"the entry {name!r} of {entry.file}: {text}")
        entry.warnings.append(text)
    return {
        key: value for key, value in _with_underscores(profile).items() if key not in ("profile", "status", "message")
    }


def _refuse_remote(name: str, profile: str, entry: RawEntry) -> None:
    """Warn of a profile that is on the network; refuse it unless the entry states itself where to sign in."""
    if (entry.own.get("auth") or {}).get("auth_url"):
        entry.warnings.append(f"the profile {profile!r} is on the network, which is not read; nothing is taken from it")
        return
    raise CloudProblem(
        f"the entry {name!r} of {entry.file} takes its profile {profile!r} from the network, which is not read; "
        "write auth_url, region_name and the rest into the entry"
    )


def _is_remote(profile: str) -> bool:
    return bool(re.match(r"\w+://", profile))


def _shipped(name: str) -> Any:
    """A profile that is in openstacksdk itself."""
    from openstack.config import vendors

    # Any other name might be an address, which the library would fetch.
    return vendors.get_profile(name) if name in _shipped_names() else None


def _shipped_names() -> list[str]:
    from openstack.config import vendors

    return list(vendors.profiles())


def _with_underscores(entry: CloudEntry) -> CloudEntry:
    """Keys with underscores: ``region-name`` becomes ``region_name``."""
    return {
        str(key).replace("-", "_"): _with_underscores(value) if isinstance(value, dict) else value
        for key, value in entry.items()
    }


def _merged(weak: CloudEntry, strong: CloudEntry) -> CloudEntry:
    """Two mappings merged, and the mappings in them too; the strong one wins."""
    both = dict(weak)
    for key, value in strong.items():
        below = both.get(key)
        both[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return both
