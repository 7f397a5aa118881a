"""The configuration files of the servers and of GlanceSync, as text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from devcloud_lib import topology
from devcloud_lib.errors import CloudError
from devcloud_lib.ports import HOST
from devcloud_lib.state import Cloud, Service

Sections = Mapping[str, Mapping[str, str]]

# How long a writer waits for another one before it gives up, in seconds.
DATABASE_TIMEOUT = 60

# Of Cinder and Nova, for python-openstackclient: with the oldest ones it would not show much.
API_VERSIONS = {"OS_VOLUME_API_VERSION": "3.70", "OS_COMPUTE_API_VERSION": "2.90"}

IMPORT_METHODS = "[glance-direct,web-download,copy-image,glance-download]"


def server_config(cloud: Cloud, service: Service, paste_config: Path) -> str:
    """The text of the server's own configuration file, its overrides included.

    :param paste_config: Glance's pipeline file.
    """
    sections = _keystone_sections() if service.is_keystone else _glance_sections(cloud, service, paste_config)
    return render(merged(sections, service.overrides))


def merged(sections: Sections, overrides: Mapping[str, str]) -> Sections:
    """Sections with some values replaced.

    :param overrides: ``section.key`` -> value.
    """
    found = {name: dict(values) for name, values in sections.items()}
    for option, value in overrides.items():
        section, key = split_option(option)
        found.setdefault(section, {})[key] = value
    return found


def split_option(option: str) -> tuple[str, str]:
    """``section.key`` in two.

    :raises CloudError: it is not of that form.
    """
    section, dot, key = option.rpartition(".")
    if not (section and dot and key):
        raise CloudError(f"{option} is not section.key, for instance DEFAULT.user_storage_quota")
    return section, key


def render(sections: Sections) -> str:
    """Sections and keys as an ini file."""
    blocks = (
        "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in values.items())])
        for name, values in sections.items()
    )
    return "\n\n".join(blocks) + "\n"


def glancesync_config(cloud: Cloud) -> str:
    """The configuration of GlanceSync for this cloud; the master's credentials come from the environment."""
    account = cloud.accounts[topology.SECOND_TARGET_KEYSTONE][topology.MAIN_ACCOUNT]
    return render({
        "main": {
            "master_region": topology.MASTER_REGION,
            "images_dir": str(cloud.services[topology.MASTER_REGION].stores["local"]),
        },
        topology.SECOND_TARGET: {
            "user": account.user,
            "password": account.password,
            "keystone_url": cloud.services[topology.SECOND_TARGET_KEYSTONE].url,
            "tenant": account.project,
        },
    })


def environment(cloud: Cloud, account_name: str = topology.MAIN_ACCOUNT) -> dict[str, str]:
    """The variables that let OpenStack's clients and GlanceSync use this cloud.

    :param account_name: a key of `topology.ACCOUNTS`, or of those of the volumes.
    :raises CloudError: the cloud does not have it.
    """
    keystone = cloud.keystone_of(topology.MASTER_REGION)
    account = cloud.accounts[keystone.name].get(account_name)
    if account is None:
        raise CloudError(f"this cloud has no account {account_name}; "
                         f"{'seed' if account_name in topology.SEED_ACCOUNTS else 'up'} --with volumes makes it")
    return {
        "OS_AUTH_URL": keystone.url,
        "OS_USERNAME": account.user,
        "OS_PASSWORD": account.password,
        "OS_PROJECT_NAME": account.project,
        "OS_TENANT_NAME": account.project,
        "OS_REGION_NAME": topology.MASTER_REGION,
        "OS_USER_DOMAIN_NAME": account.domain,
        "OS_PROJECT_DOMAIN_NAME": account.domain,
        "OS_IDENTITY_API_VERSION": "3",
        **(API_VERSIONS if cloud.has_volumes else {}),
        "GLANCESYNC_CONFIG": str(cloud.config_file),
    }


def _keystone_sections() -> Sections:
    return {
        "database": _database(),
        "token": {"provider": "fernet"},
        "fernet_tokens": {"key_repository": "keys/fernet"},
        "fernet_receipts": {"key_repository": "keys/fernet"},
        "credential": {"key_repository": "keys/credential"},
        # The passwords are random: many rounds of hashing would only make every sign-in slow.
        "identity": {"password_hash_rounds": "4"},
        # In the server's own memory, for it is one process: a sign-in takes over a hundred queries otherwise.
        "cache": {"enabled": "true", "backend": "oslo_cache.dict"},
    }


def _glance_sections(cloud: Cloud, service: Service, paste_config: Path) -> Sections:
    keystone = cloud.keystone_of(service.name)
    account = cloud.accounts[keystone.name]["glance"]
    stores = {name: {"filesystem_store_datadir": path_value(path)} for name, path in service.stores.items()}
    return {
        "DEFAULT": {
            "enabled_backends": ",".join(f"{name}:file" for name in stores),
            "enabled_import_methods": IMPORT_METHODS,
            "worker_self_reference_url": service.url,
        },
        "database": _database(),
        "glance_store": {"default_backend": "local"},
        **stores,
        "os_glance_staging_store": {"filesystem_store_datadir": path_value(service.scratch["staging"])},
        "os_glance_tasks_store": {"filesystem_store_datadir": path_value(service.scratch["tasks"])},
        "paste_deploy": {"flavor": "keystone", "config_file": path_value(paste_config)},
        "keystone_authtoken": {
            "auth_type": "password",
            "auth_url": keystone.url,
            "www_authenticate_uri": keystone.url,
            "username": account.user,
            "password": account.password,
            "project_name": account.project,
            "user_domain_id": "default",
            "project_domain_id": "default",
            "region_name": service.name,
            "interface": "internal",
            "service_type": "image",
        },
        # An empty list of ports allows all of them: the other Glances' may change while this one runs.
        "import_filtering_opts": {"allowed_hosts": f"[{HOST}]", "allowed_ports": "[]"},
        "oslo_concurrency": {"lock_path": path_value(service.scratch["tmp"])},
    }


def _database() -> Mapping[str, str]:
    # Relative: the server's working directory is its folder. Nobody needs this data after a power failure.
    return {"connection": f"sqlite:///database.sqlite?timeout={DATABASE_TIMEOUT}", "sqlite_synchronous": "false"}


def path_value(path: Path) -> str:
    """A path as a value: the servers would replace `$name`."""
    return str(path).replace("$", "$$")
