"""Keystone or Glance as a WSGI application, with SQLite made fit for several requests at once.

Runs under uWSGI with the packages of the cloud's own virtual environment; the variable `DEVCLOUD_APPLICATION` names
the module of the real application.
"""

import importlib
import os
from typing import Any

# Imported like the application: neither is there for the tools that check this file.
event = importlib.import_module("sqlalchemy.event")
engine = importlib.import_module("sqlalchemy.engine")


def _begin_as_writer(connection: Any) -> None:
    """Take the right to write when a transaction begins, and wait for it there.

    oslo.db begins as a reader. When two such transactions come to write, SQLite answers one of them at once that the
    database is locked, for waiting could not help any more, and the request ends with a 500. With the mark below,
    oslo.db sees that the transaction has begun.
    """
    if "in_transaction" not in connection.info:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.info["in_transaction"] = True


event.listen(engine.Engine, "begin", _begin_as_writer)
application = importlib.import_module(os.environ["DEVCLOUD_APPLICATION"]).application
