"""Which texts are addresses, and who gets the mail of a project (volumes 6)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.notify.mail_addresses import (
    Mailbox,
    Receivers,
    is_address,
    member_receivers,
    parse_mailbox,
    project_receiver,
)


@pytest.mark.parametrize(
    "text", ["a@b", "first.last+tag@mail.example.org", "root@localhost", "x" * 64 + "@b.org", "a@xn--bcher-kva.de"]
)
def test_an_address_is_one(text: str) -> None:
    assert is_address(text)
    assert parse_mailbox(f"The Name <{text}>") == Mailbox(text, "The Name")


@pytest.mark.parametrize(
    "text",
    ["", "a", "@b", "a@", "a@b@c", "a b@c", "a..b@c", ".a@c", "a.@c", "a@-c", "a@c..d", "a@c.", "ä@c", "a@bücher.de",
     "x" * 65 + "@c", "a@" + "d." * 127 + "d", "a@b\n", "a\r\nBcc: x@y@c", '"a b"@c', "<a@b>", "a@[127.0.0.1]",
     "a,b@c"],
)  # fmt: skip
def test_anything_else_is_none(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize("text", ["<>", "a@b, c@d", "Name a@b", "N\nM <a@b>", "N <a@b> <c@d>", "a@b <c>", "@"])
def test_what_is_no_mailbox_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        parse_mailbox(text)


@given(st.text())
def test_an_address_breaks_out_of_no_header(text: str) -> None:
    assert not is_address(text) or (text.isascii() and text.isprintable() and not set(" ,;<>\"\\()[]:") & set(text))


class TestProjects:
    def test_a_project_has_the_address_of_its_name(self) -> None:
        assert project_receiver("1", "demo", "example.org") == Receivers(("demo@example.org",))

    @pytest.mark.parametrize(
        "name", ["", "two words", "größe", "a@b", "x" * 65, "a\r\nBcc: x", "a,b", ".dot", "<b>", "a/b"]
    )
    def test_a_name_that_is_no_local_part_is_skipped_with_a_warning(self, name: str) -> None:
        found = project_receiver("1", name, "example.org")
        assert found.addresses == ()
        (warning,) = found.warnings
        assert "(1): its name is no local part of an address; it gets no mail" in warning
        assert warning.isprintable()

    def test_without_a_domain_its_members_get_the_mail_once(self) -> None:
        found = member_receivers("1", "demo", {"1": ["a@x.org", "b@x.org", "a@x.org"]}.__getitem__)
        assert found == Receivers(("a@x.org", "b@x.org"))

    def test_what_keystone_has_is_checked(self) -> None:
        found = member_receivers("1", "demo", lambda _: ["a@x.org", "b@x.org\r\nBcc: c@x.org", ""])
        assert found == Receivers(
            ("a@x.org",),
            (
                "project demo (1): b@x.org\\x0d\\x0aBcc: c@x.org is no address of mail; skipped",
                "project demo (1):  is no address of mail; skipped",
            ),
        )

    def test_without_any_address_the_warning_names_the_project(self) -> None:
        found = member_receivers("1", "demo", lambda _: [])
        assert found == Receivers((), ("project demo (1): none of its members has an address; it gets no mail",))
