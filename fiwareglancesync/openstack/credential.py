"""How to sign in at a Keystone."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credential:
    """How to sign in at the Keystone of a target (sync 2); no secret shows in its ``repr``.

    The configuration has resolved it: domains are filled in, and when ``cloud`` names an entry of
    ``clouds.yaml``, its fields are already here. Whoever has an ``auth_type`` signs in by it, whoever has an
    ``application_credential_secret`` with the application credential, anybody else with user and password.

    :param user_id: takes the place of the user's name and domain
    :param auth_type: a type of keystoneauth's, "" for a password or an application credential
    :param auth_options: what that type needs besides the other fields, by option
    :param interface: the kinds of endpoints to use, the first that a region offers; separated by commas
    :param image_endpoints: addresses of image services that take the place of the catalog's, by region; the region
        "" means the only one that the target has
    :param cert: file with a client certificate, and with its key when ``key`` names no other
    """

    auth_url: str = ""
    username: str = ""
    user_id: str = ""
    password: str = field(default="", repr=False)
    project_name: str = ""
    project_id: str = ""
    user_domain_name: str = ""
    user_domain_id: str = ""
    project_domain_name: str = ""
    project_domain_id: str = ""
    application_credential_id: str = ""
    application_credential_name: str = ""
    application_credential_secret: str = field(default="", repr=False)
    auth_type: str = ""
    auth_options: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    cloud: str = ""
    cacert: str = ""
    insecure: bool = False
    cert: str = ""
    key: str = ""
    interface: str = "public"
    image_endpoints: tuple[tuple[str, str], ...] = ()


def same_project(one: str, other: str) -> bool:
    """Compare two project ids, left-padded with zeros to 32 characters (sync 3.1).

    :param one: a project id
    :param other: another project id
    :return: whether they name the same project
    """
    return one == other or one.rjust(32, "0") == other.rjust(32, "0")
