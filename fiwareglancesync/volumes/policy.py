"""The policy server as a WSGI application: ``fiwareglancesync.volumes.policy:application`` (volumes 5).

For uWSGI, mod_wsgi, Gunicorn and others; ``glancesync volumes policy-server`` needs none of them. The configuration is
the one of the environment (``GLANCESYNC_CONFIG``), else the usual file. Importing this module reads it, so that a
mistake shows at the start; nothing is contacted before the first request.
"""

from __future__ import annotations

import logging
import os

from flask import Flask

from ..kinds import option_tables
from .policy_checks.policy_application import create_policy_app
from .policy_checks.policy_service import policy_service
from .volume_configuration import load_volumes

log = logging.getLogger("glancesync.policy")


def _make() -> Flask:
    configuration = load_volumes(None, (), os.environ, option_tables(), account_needed=False)
    for text in configuration.warnings:
        log.warning("%s", text)
    return create_policy_app(policy_service(configuration))


application = _make()
