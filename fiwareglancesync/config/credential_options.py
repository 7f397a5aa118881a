"""The options of a target that say how to sign in; ``credentials`` reads them (sync 2)."""

from __future__ import annotations

from .option_tables import Option
from .values import BOOLEAN, CREDENTIAL, ENDPOINTS, FILE, INTERFACE, TEXT, URL

CREDENTIAL_OPTIONS: tuple[Option, ...] = (
    Option(
        "credential",
        CREDENTIAL,
        "User, password encoded with base64, Keystone URL and tenant, separated by commas. The keys below "
        "say the same one by one and win over it.",
        sample="admin, c2VjcmV0, http://keystone.example.org:5000/v3, admin",
        credential=True,
        secret=True,
        confidential=bool,
    ),
    Option("user", TEXT, "The user to sign in as.", sample="admin", credential=True),
    Option(
        "password",
        TEXT,
        "The user's password.",
        sample="secret",
        credential=True,
        secret=True,
        confidential=bool,
    ),
    Option(
        "keystone_url",
        URL,
        "The address of Keystone; its version is discovered.",
        sample="http://keystone.example.org:5000/v3",
        credential=True,
        secret=True,
    ),
    Option("tenant", TEXT, "The tenant (project) that owns the images.", sample="admin", credential=True),
    Option(
        "user_domain", TEXT, "The domain of the user.", sample="Default", default="Default", credential=True
    ),
    Option(
        "project_domain",
        TEXT,
        "The domain of the tenant.",
        sample="Default",
        default="Default",
        credential=True,
    ),
    Option(
        "application_credential_id",
        TEXT,
        "An application credential to sign in with instead of user and password.",
        sample="21dced0fd20347869b93710d2b98aae0",
        credential=True,
    ),
    Option(
        "application_credential_secret",
        TEXT,
        "The secret of the application credential.",
        sample="secret",
        credential=True,
        secret=True,
        confidential=bool,
    ),
    Option(
        "cloud",
        TEXT,
        "An entry of clouds.yaml to take the credential from. It decides alone: the environment adds nothing to it; "
        "only the keys of the same section win over it.",
        sample="federation",
        credential=True,
    ),
    Option(
        "cacert",
        FILE,
        "A file with the certificates of the authorities to trust.",
        sample="/etc/ssl/certs/ca-certificates.crt",
        credential=True,
    ),
    Option(
        "insecure",
        BOOLEAN,
        "Do not verify the certificates of the servers.",
        default="False",
        credential=True,
    ),
    Option(
        "interface",
        INTERFACE,
        "The endpoints to use: public, internal or admin; of several, separated by commas, the first that a region "
        "offers.",
        default="public",
        credential=True,
    ),
    Option(
        "image_endpoint_override",
        ENDPOINTS,
        "The address of the image service, in place of the catalog's: of the only region that the target has, or, as "
        "REGION=ADDRESS, of each region that is named.",
        sample="Spain=https://glance.example.org:9292",
        credential=True,
        secret=True,
    ),
    Option(
        "cert",
        FILE,
        "A file with a client certificate that the servers ask for, and with its key unless key names it.",
        sample="/etc/glancesync/client.crt",
        credential=True,
    ),
    Option(
        "key",
        FILE,
        "The file with the key of the client certificate.",
        sample="/etc/glancesync/client.key",
        credential=True,
    ),
    Option(
        "use_keystone_v3",
        BOOLEAN,
        "Accepted from older files, without effect: the version of Keystone is discovered.",
        default="True",
        obsolete=True,
    ),
)

CREDENTIAL_KEYS = frozenset(option.key for option in CREDENTIAL_OPTIONS if option.credential)
"""Keys that belong to the credential of a target."""
