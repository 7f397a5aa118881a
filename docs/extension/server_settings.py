"""The keys of the server's file; their names and defaults come from the program, what they mean stands here."""

from __future__ import annotations

from fiwareglancesync.api.server_settings import DEFAULTS, KEYS, VARIABLES

from .markup import directive

MEANINGS = {
    "HOST": "The address to serve on; ``-H`` on the command line wins.",
    "PORT": "The port; ``-p`` wins.",
    "PUBLIC_URL": "The server's address as users know it, where a proxy gives it another one, as"
    " ``https://glancesync.example.org``. A page in a browser may change something only if it comes from there.",
    "WORKERS": "Processes of Gunicorn; ``-w`` wins.",
    "THREADS": "Threads in each of them: how many requests it serves at once.",
    "MAX_TASKS": "Tasks that the embedded runner does at once on this machine; further ones wait their turn.",
    "METRICS_TOKEN": "What callers from elsewhere than loopback show to see ``/metrics``; without it they see none.",
    "TASK_RETENTION": "Days after which a finished task is dropped.",
    "TASK_TIME_LIMIT": "Hours after which a task that still runs is ended; all is left tidy, and it is ``failed``.",
    "EXECUTOR": "``embedded``: the server starts a process for each task. ``celery``: workers do, here or elsewhere.",
    "BROKER_URL": "Where Celery's messages go: ``redis://…``, ``rediss://…``, ``amqp://…`` or ``amqps://…``.",
    "KEYSTONE_URL": "The Keystone that validates tokens, as ``https://keystone.example.org:5000/v3``.",
    "ADM_USER": "The account that validates them; by Keystone's policies it needs the role ``admin`` or ``service``.",
    "ADM_PASS": "Its password.",
    "ADM_TENANT_ID": "The project that it signs in to.",
    "ADM_TENANT_NAME": "The same, by name.",
    "USER_DOMAIN_NAME": "The domain of the account.",
    "PROJECT_DOMAIN_NAME": "The domain of the project.",
    "ADM_APPLICATION_CREDENTIAL_ID": "An application credential instead of account, password and project.",
    "ADM_APPLICATION_CREDENTIAL_SECRET": "Its secret.",
    "ROLES": "Roles, separated by commas; a token needs one of them.",
    "CACERT": "A file with the authorities that Keystone's certificate is checked with.",
    "INSECURE": "``True``: do not check it.",
}


def keys(section: str) -> str:
    """Write the keys of a section.

    :param section: its name in the file
    """
    return "".join(_key(key) for key in KEYS[section])


def _key(key: str) -> str:
    variable = VARIABLES.get(key, key)
    note = f" The environment variable ``{variable}`` stands in for it." if variable != key else ""
    return directive("confval", key, MEANINGS[key] + note, [("default", DEFAULTS.get(key, "none"))])
