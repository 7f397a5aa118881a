"""How to sign in at a Keystone."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credential:
    """How to sign in at the Keystone of a target (sync 2). Its ``repr`` shows no secret.

    The configuration has completed it: it has filled in the domains, and the fields of the entry of ``clouds.yaml``
    that ``cloud`` names. With an ``auth_type`` that type is used, with an ``application_credential_secret`` the
    application credential, otherwise user and password.

    :param user_id: used instead of the name and the domain of the user
    :param auth_type: a type of keystoneauth, "" for a password or an application credential
    :param auth_options: further options of that type
    :param interface: the interfaces of endpoints, separated by commas; the first that a region offers is used
    :param image_endpoints: region and address of image services, used instead of the addresses in the catalog; the
        region "" means the only one of the target
    :param cert: file with a client certificate, and with its key if ``key`` is empty
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

    @property
    def interfaces(self) -> list[str]:
        """The interfaces as the catalog names them, the preferred one first."""
        return [word.removesuffix("URL").lower() for word in (self.interface or "public").split(",")]

    @property
    def overrides(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Type of service → region and address of each service whose address in the catalog is not used."""
        return {"image": self.image_endpoints} if self.image_endpoints else {}

    def is_overridden(self, service_type: str, region: str) -> bool:
        """Whether the address of a service is not the one in the catalog.

        :param service_type: type of the service
        :param region: name of the region in its target
        """
        return any(each in ("", region) for each, _ in self.overrides.get(service_type, ()))

def same_project(one: str, other: str) -> bool:
    """Compare two project ids, left-padded with zeros to 32 characters (sync 3.1).

    :param one: a project id
    :param other: another project id
    :return: whether they name the same project
    """
    return one == other or one.rjust(32, "0") == other.rjust(32, "0")
