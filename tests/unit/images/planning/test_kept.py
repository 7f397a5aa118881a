"""Replaced images that stay, because others still link to them (sync 3.6)."""

from __future__ import annotations

from tests.support.builders import image, master_image, plan

KEPT = "Burgos: the old image kernel (UUID r-kernel) is kept as kernel.old: used by one (UUID r-one), two (UUID r-two)"


def test_the_users_of_one_are_reported_in_the_order_of_their_names() -> None:
    users = [image(name, properties={"kernel_id": "r-kernel"}) for name in ("two", "one")]
    masters = [master_image("kernel", "B")]
    for region in ([image("kernel"), *users], [*reversed(users), image("kernel")]):
        made = plan(masters, region, replace=["any"])
        assert [message.text for message in made.messages] == [KEPT]
