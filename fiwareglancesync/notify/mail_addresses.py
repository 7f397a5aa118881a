"""Addresses of mail: what is one, and which ones a project has. They are ASCII, as every mail server accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..base.text import show

MAX_LOCAL_PART, MAX_DOMAIN, MAX_ADDRESS = 64, 253, 254
"""Characters that the parts of an address, and an address, have at the most (RFC 5321)."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")

Members = Callable[[str], Iterable[str]]
"""Returns the addresses of a project's members, by the project's id; raises ``CloudError``."""


@dataclass(frozen=True)
class Mailbox:
    """An address, and the name that is shown for it.

    :param name: "" for none
    """

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        """The part after the ``@``."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True)
class Receivers:
    """Who gets the mail of a project.

    :param warnings: what was left out, a line each
    """

    addresses: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def is_local_part(text: str) -> bool:
    """Whether a text may stand before the ``@`` without quotation marks."""
    return len(text) <= MAX_LOCAL_PART and _LOCAL_PART.fullmatch(text) is not None


def is_domain(text: str) -> bool:
    """Whether a text may stand after the ``@``."""
    return len(text) <= MAX_DOMAIN and _DOMAIN.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Whether a text is one address, without a name."""
    local_part, at, domain = text.rpartition("@")
    return bool(at) and len(text) <= MAX_ADDRESS and is_local_part(local_part) and is_domain(domain)


def parse_mailbox(text: str) -> Mailbox:
    """Read ``NAME <ADDRESS>``, or an address alone.

    :param text: one line
    :raises ValueError: it is neither
    """
    named = _NAMED.fullmatch(text.strip())
    name, address = (named["name"], named["address"]) if named else ("", text)
    found = Mailbox(address.strip(), name.strip().strip('"').strip())
    if not is_address(found.address) or not found.name.isprintable():
        raise ValueError(text)
    return found


def project_receiver(project_id: str, project_name: str, domain: str) -> Receivers:
    """The address of a project: that of its name in a domain.

    :param project_id: the project's id
    :param project_name: its name
    :param domain: where projects have addresses
    """
    address = f"{project_name}@{domain}"
    # To some mail servers a slash means a file.
    if is_address(address) and "/" not in project_name:
        return Receivers((address,))
    why = "its name is no local part of an address; it gets no mail"
    return Receivers((), (f"{_shown(project_id, project_name)}: {why}",))


def member_receivers(project_id: str, project_name: str, members: Members) -> Receivers:
    """The addresses of a project's members.

    :param project_id: the project's id
    :param project_name: its name
    :param members: reads them
    :raises CloudError: they cannot be read now
    """
    shown = _shown(project_id, project_name)
    found = tuple(dict.fromkeys(members(project_id)))
    usable = tuple(address for address in found if is_address(address))
    wrong = [f"{shown}: {show(address)} is no address of mail; skipped" for address in found if not is_address(address)]
    if not usable:
        wrong.append(f"{shown}: none of its members has an address; it gets no mail")
    return Receivers(usable, tuple(wrong))


def _shown(project_id: str, project_name: str) -> str:
    return f"project {show(project_name)} ({project_id})"
